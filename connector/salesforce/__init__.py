"""The Salesforce side: wire facts in, readings and outcomes out (facts: Salesforce fact sheet sections 1 to 7)."""
