"""The session's cookie, signed by HMAC with SHA-256: Flask's own choice is SHA-1."""

import hashlib

from flask.sessions import SecureCookieSessionInterface


class SessionCookie(SecureCookieSessionInterface):
    """As Flask's own, but for the hash."""

    digest_method = staticmethod(hashlib.sha256)
