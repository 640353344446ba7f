"""The Smarketing Bridge: HubSpot and Salesforce kept in step, and able to say why.

Layers, words and laws are told in docs/architecture.md; import contracts in pyproject.toml hold them.
"""
