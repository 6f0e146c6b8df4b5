"""Pure decisions: how identities are compared and shown, and what a tag is."""
