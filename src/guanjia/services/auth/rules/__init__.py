"""Pure decisions: passwords and logins, throttling, tokens, roles, organisations, menus."""
