"""Pure decisions: how identities are compared and shown, tags, words to find customers by."""
