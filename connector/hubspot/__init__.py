"""The HubSpot side: wire facts in, readings and outcomes out (facts: HubSpot fact sheet sections 1 to 12)."""
