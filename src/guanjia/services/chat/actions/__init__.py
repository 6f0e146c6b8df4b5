"""Writes of ``chat``. Whatever touches a conversation holds it first (``actions.conversations.hold``)."""
