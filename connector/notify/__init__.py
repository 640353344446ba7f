"""Messages out of the bridge: notices to people through Apprise, signed webhooks to programs.

What is sent, when and how often is decided elsewhere; here is only how. A fault is told as what it means for sending
again (`connector.delivery`). URLs hold tokens: they are in no log, error or answer of this package. Nothing is loaded
or connected before the first message.
"""

from connector.notify.outgoing import Address, Outgoing, notifier
from connector.notify.signatures import signature, verified

__all__ = ["Address", "Outgoing", "notifier", "signature", "verified"]
