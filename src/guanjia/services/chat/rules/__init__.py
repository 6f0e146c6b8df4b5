"""Pure decisions of ``chat``: the conversation's transitions, routing, texts, hours. No I/O."""
