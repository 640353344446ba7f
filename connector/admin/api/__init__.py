"""The JSON API, below /api/v1: the same reads and acts as the pages, for scripts.

One table of operations (`reads`, `acts`) says what there is; the routes (`wire`) and the document that describes them
(`openapi`) are both made of it, so neither can say what the other does not.
"""
