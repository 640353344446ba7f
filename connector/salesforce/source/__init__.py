"""What Salesforce must have, as a folder of sources that an admin reads and deploys with tools of their own.

Pure text from what is wanted: nothing here asks Salesforce. One module for each kind of document, `project` puts them
together, `steps` says what a person does with them, `folder` writes. The same input gives the same bytes, so that the
folder can be kept under version control and a change of the mappings be read as a difference.

Layouts and record pages are never among them: they are deployed as whole documents and would replace the customer's
(Salesforce fact sheet 5.3). Nor is a secret: placeholders are replaced from the environment at the moment of deploying.
"""
