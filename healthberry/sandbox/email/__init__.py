"""Mailboxes: IMAP and SMTP over real TCP, Microsoft's sign-in, a directory of servers, pages to write an e-mail."""

from .site import Email

SITE = Email()
