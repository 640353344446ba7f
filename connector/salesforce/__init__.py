"""The Salesforce side: one form of `ports.Crm`, over REST, sObject Collections, composite calls and Bulk API 2.0.

One door for calls (`api`), one table for errors (`faults`), one place for SOQL (`soql`) and one for values (`rows`).
The client library signs in and quotes SOQL; every other call goes straight through the session, because the library
loses headers on signing in anew, loops on a lasting 401 and has no timeouts (Salesforce fact sheet 7.3).
Other packages import `connector.salesforce.crm` and `connector.salesforce.login`, and the command line `source`, which
is pure text; nothing else here is for them.
"""
