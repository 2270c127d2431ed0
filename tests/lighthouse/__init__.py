"""Lighthouse on the voter page, as on a slow phone: `make lighthouse`.

Owns its own npm package, apart from the tools of `make check`, and docs/lighthouse.json. The
package's `overrides` are there because a part of a part asks for "latest", which no lock can hold.
"""
