"""The one door: finds the service by the first path segment, strips it, resolves the caller, checks the permission.

Owns: routing, sign-in and permission checks (R-PLAT-11..13), the browsers' one event stream, pages and media.
Does not own: tokens, roles and rows (``auth``), any business data; it keeps no database.
Source of its rules: product/platform-protocols.md §3.3 and §4, conventions.md (HTTP).

Files beside the usual anatomy: ``door`` (the ASGI app of the platform), ``policies`` (sessions and permission rows,
cached), ``streams`` (waiting browsers), ``pages`` (built pages and media files).
"""
