"""What believable people are called, where they live, what they do and how they write their phone numbers.

Names stand as (as written, as in an e-mail address). In a phone shape each `#` is a digit; all shapes of one country
take the same digits, so that one number can be written in two ways on the two sides. Shapes pass a strict parser.
"""

from __future__ import annotations

from typing import NamedTuple

Name = tuple[str, str]


class Country(NamedTuple):
    """One country: its names on both sides, cities, phone shapes, and the people of its main script."""

    name: str
    code: str
    cities: tuple[str, ...]
    phone_shapes: tuple[str, ...]
    given: tuple[Name, ...]
    family: tuple[Name, ...]


def _names(text: str) -> tuple[Name, ...]:
    """Pairs from "Zoë=zoe Anna": where no `=` stands the address form is the lower-cased name."""
    pairs = (each.partition("=") for each in text.split())
    return tuple((shown.replace("_", " "), plain or shown.lower()) for shown, _, plain in pairs)


_ENGLISH = (
    _names("Olivia Amelia Grace Emma Charlotte Hannah Sophie Ruth James Oliver Henry Thomas Daniel Samuel Peter Megan"),
    _names(
        "Smith Jones Taylor Brown Wilson Evans Walker O'Brien=obrien Hughes Clarke Campbell MacDonald=macdonald "
        "Smith-Jones=smith.jones Harris Turner Lewis Nguyen Garcia Johnson Miller Davis van_der_Berg=vanderberg"
    ),
)
_GERMAN = (
    _names(
        "Anna Lena Jürgen=juergen Björn=bjoern Käthe=kaethe Franz Sabine Uwe Günter=guenter Marie Paul Heike Jörg=joerg"
    ),
    _names("Müller=mueller Schmidt Weiß=weiss Schäfer=schaefer Groß=gross Köhler=koehler Fischer Weber Vogel Berg"),
)
_FRENCH = (
    _names(
        "Zoë=zoe Chloé=chloe Léa=lea François=francois Hélène=helene Louis Élodie=elodie Jean-Luc=jeanluc Noël=noel"
    ),
    _names("Lefèvre=lefevre Dupont Moreau Béranger=beranger Garçon=garcon Petit D'Amboise=damboise Faÿ=fay Roux"),
)
_NORDIC = (
    _names("Åsa=asa Björn=bjorn Søren=soren Ingrid Lars Maja Øyvind=oyvind Linnéa=linnea Erik Astrid"),
    _names(
        "Ångström=angstrom Sjöberg=sjoberg Østergård=ostergaard Lindqvist Håkansson=hakansson Nilsson Ørsted=orsted"
    ),
)
_SPANISH = (
    _names("José=jose María=maria Íñigo=inigo Lucía=lucia Ana Pablo Begoña=begona Andrés=andres Carmen Luis"),
    _names("Núñez=nunez García=garcia Peña=pena Ibáñez=ibanez López=lopez Ortega Gómez_Ruiz=gomez.ruiz Vidal"),
)
_POLISH = (
    _names("Łukasz=lukasz Małgorzata=malgorzata Paweł=pawel Zofia Michał=michal Agnieszka Jan Żaneta=zaneta"),
    _names("Wójcik=wojcik Dąbrowski=dabrowski Kowalczyk Zieliński=zielinski Gąska=gaska Nowak Łęcki=lecki"),
)
_UKRAINIAN = (
    _names("Олена=olena Тарас=taras Оксана=oksana Андрій=andrii Ірина=iryna Богдан=bohdan"),  # noqa: RUF001 - Cyrillic is meant
    _names("Шевченко=shevchenko Коваленко=kovalenko Бондар=bondar Мельник=melnyk Ткачук=tkachuk"),
)
_GREEK = (
    _names("Ελένη=eleni Γιώργος=giorgos Μαρία=maria Νίκος=nikos Σοφία=sofia"),
    _names("Παπαδόπουλος=papadopoulos Νικολάου=nikolaou Γεωργίου=georgiou Οικονόμου=oikonomou"),
)
_JAPANESE = (
    _names("花子=hanako 太郎=taro 美咲=misaki 健=ken 陽菜=hina 大輔=daisuke"),
    _names("佐藤=sato 鈴木=suzuki 高橋=takahashi 渡辺=watanabe 伊藤=ito"),
)
_CHINESE = (
    _names("伟=wei 芳=fang 秀英=xiuying 磊=lei 静=jing 勇=yong"),
    _names("王=wang 李=li 张=zhang 刘=liu 陈=chen"),
)
_ARABIC = (
    _names("محمد=mohammed فاطمة=fatima علي=ali ليلى=layla يوسف=yusuf"),
    _names("الحسن=alhassan المنصوري=almansoori حداد=haddad خوري=khoury"),
)
_INDIAN = (
    _names("Priya Arjun Ananya Rohan Kavita Vikram Deepa Sanjay"),
    _names("Sharma Patel Iyer Reddy Singh Chatterjee Rao Gupta"),
)

COUNTRIES: tuple[Country, ...] = (
    Country(
        "United States",
        "US",
        ("San Francisco", "Oakland", "Daly City"),
        ("+141555501##", "(415) 555-01##", "415-555-01##", "+1 415.555.01##", "415 555 01## ext. 12"),
        *_ENGLISH,
    ),
    Country(
        "United Kingdom",
        "GB",
        ("London", "Croydon", "Harrow"),
        ("+442079460###", "020 7946 0###", "+44 (0)20 7946 0###", "(020) 79460###"),
        *_ENGLISH,
    ),
    Country(
        "Germany",
        "DE",
        ("Berlin", "Potsdam", "Köpenick"),
        ("+493090######", "030/90######", "030 90### - ###", "+49 (0)30 90 ## ## ##", "0049 30 90######"),
        *_GERMAN,
    ),
    Country(
        "France",
        "FR",
        ("Paris", "Saint-Étienne", "Angoulême"),
        ("+33199######", "01 99 ## ## ##", "01.99.##.##.##", "+33 (0)1 99 ## ## ##"),
        *_FRENCH,
    ),
    Country(
        "Sweden",
        "SE",
        ("Stockholm", "Malmö", "Örebro"),
        ("+468505#####", "08-505 ### ##", "+46 (0)8 505 #####"),
        *_NORDIC,
    ),
    Country(
        "Spain", "ES", ("Madrid", "A Coruña", "León"), ("+3491123####", "911 23 ## ##", "+34 911 23 ####"), *_SPANISH
    ),
    Country(
        "Poland", "PL", ("Warszawa", "Łódź", "Kraków"), ("+4822695####", "22 695 ## ##", "+48 (22) 695-##-##"), *_POLISH
    ),
    Country("Ukraine", "UA", ("Київ", "Львів"), ("+38044278####", "(044) 278-##-##", "044 278 ####"), *_UKRAINIAN),
    Country("Greece", "GR", ("Αθήνα", "Θεσσαλονίκη"), ("+30210321####", "210 321 ####", "210-321####"), *_GREEK),
    Country(
        "Japan",
        "JP",
        ("東京", "大阪"),
        ("+81353######", "03-53##-####", "+81 3 53## ####", "(03) 53## ####"),
        *_JAPANESE,
    ),
    Country("China", "CN", ("北京", "上海"), ("+86106505####", "010-6505####", "+86 10 6505 ####"), *_CHINESE),
    Country(
        "United Arab Emirates", "AE", ("دبي", "Dubai"), ("+9714331####", "04 331 ####", "+971 4 331-####"), *_ARABIC
    ),
    Country("India", "IN", ("Mumbai", "Thane"), ("+91226652####", "022 6652 ####", "+91-22-6652####"), *_INDIAN),
)

TITLES: tuple[str, ...] = (
    "CEO",
    "Chief Financial Officer",
    "Head of Sales",
    "VP Marketing",
    "Marketing Manager",
    "Software Engineer",
    "Procurement Lead",
    "IT Administrator",
    "Geschäftsführer",
    "Directrice générale",
    "営業部長",
    "Owner & Founder",
    "Office Manager",
    "Research Fellow",
    "Student",
)
OVERLONG_TITLE = (
    "Senior Vice President of Global Strategic Partnerships, Alliances and Channel Development for Europe, the Middle "
    "East and Africa, and Acting Chief of Staff to the Executive Board"
)
COMPANY_FIRST: tuple[str, ...] = (
    "Nordlicht",
    "Blue Harbour",
    "Grüner Berg",
    "Orchard",
    "Solaris",
    "Café Noir",
    "Kingfisher",
    "Meridian",
    "Granite",
    "Åkerlund",
    "Peña Blanca",
    "Silverline",
    "Copper Fox",
    "Tanuki",
    "Oakridge",
    "Delta",
)  # fmt: skip - one name a line would fill a screen with nothing to read
COMPANY_LAST: tuple[str, ...] = (
    "Logistics",
    "Software GmbH",
    "Foods",
    "Energy AB",
    "Consulting",
    "Robotics",
    "& Sons",
    "Health",
    "Textiles",
    "Bau AG",
    "Labs",
    "Travel",
    "Steel",
    "Design",
    "Insurance",
    "Media SARL",
)  # fmt: skip - likewise
INDUSTRIES: tuple[Name, ...] = (  # HubSpot's option, Salesforce's value
    ("COMPUTER_SOFTWARE", "Technology"),
    ("BANKING", "Banking"),
    ("HOSPITAL_HEALTH_CARE", "Healthcare"),
    ("MACHINERY", "Manufacturing"),
    ("EDUCATION", "Education"),
    ("INSURANCE", "Other"),
    ("RETAIL", "Other"),
)
