"""The pages for people, and the JSON API: what the bridge knows, why, and what people may do about it.

Server-rendered; a page is a function of the store and of what was asked, and every act goes through `engine.commands`
and its like, recorded with who did it: the same that the command line does. Nothing here decides what is synced.
"""
