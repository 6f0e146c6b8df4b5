"""Subjects of the hints by which the deeds wake the jobs."""

from __future__ import annotations

ROUTING = "chat-routing"
SCOPES = "chat-scopes"
