"""What Salesforce must have before the bridge can tell anything there: planned, made, read back, told.

`documents` changes what was retrieved without touching what it does not know; `fields`, `permissions`, `layouts` and
`notices` judge what is there, one kind each; `planning` puts their judgements together; `wire` retrieves and deploys;
`applying` does what a plan says. What is wanted is what `connector.salesforce.source` writes, so that a folder that an
admin deploys and a setup make the same. Nothing is ever deleted, narrowed, renamed or taken back.
"""
