"""Text in, the same text without secrets and personal paths out; for everything that is shown or stored."""

from __future__ import annotations

import re

MARK = "[redacted]"

# Token shapes as their issuers document them; the last group of each alternative is what goes.
TOKENS = re.compile(
    r"""
      gh[pousr]_[A-Za-z0-9]{20,255} | github_pat_\w{20,255}            # GitHub
    | glpat-[\w-]{20,64}                                              # GitLab
    | sk-[A-Za-z0-9_-]{20,200}                                        # OpenAI, Anthropic
    | (?:AKIA|ASIA)[A-Z0-9]{16}                                       # AWS access key id
    | xox[abprs]-[A-Za-z0-9-]{10,200} | xapp-[\w-]{20,200}            # Slack
    | (?:hooks\.slack\.com/services|discord(?:app)?\.com/api/webhooks)/[\w/-]{20,200}  # webhooks: who knows it may post
    | hf_[A-Za-z0-9]{30,100} | [rs]k_(?:live|test)_[A-Za-z0-9]{16,200}   # Hugging Face, Stripe
    | do[opr]_v1_[a-f0-9]{64} | SG\.[\w-]{22}\.[\w-]{43}                # DigitalOcean, SendGrid
    | ya29\.[\w-]{20,500} | (?<=AccountKey=)[A-Za-z0-9+/]{40,100}={0,2} # Google OAuth, Azure storage
    | AGE-SECRET-KEY-1[A-Z0-9]{58}                                    # age
    | AIza[\w-]{35}                                                   # Google
    | npm_[A-Za-z0-9]{36} | pypi-[\w-]{50,300}
    | eyJ[\w-]{10,2000}\.eyJ[\w-]{10,2000}(?:\.[\w-]{0,2000})?        # JSON web token
    """,
    re.VERBOSE,
)
PRIVATE_KEY = re.compile(
    r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[^-]{0,8000}(?:-----END [A-Z ]{0,40}PRIVATE KEY-----)?"
)
ASSIGNED = re.compile(
    r"(?i)\b((?:[a-z0-9]{1,40}[_.-]){0,5}(?:passw(?:or)?d|passphrase|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credentials?)"
    r"(?:[_-][a-z0-9]{1,20}){0,3}[\"']?\s{0,3}(?:=|:|=>)\s{0,3}[\"']?)([^\s\"',;&|<>]{4,400})"
)
BEARER = re.compile(r"(?i)\b((?:bearer|basic|token)\s{1,3})([A-Za-z0-9+/_.=~-]{12,2000})")
URL_LOGIN = re.compile(r"(\b[a-z][a-z0-9+.-]{1,20}://)([^\s/@:]{1,200}(?::[^\s/@]{0,200})?)@")
MAIL = re.compile(r"\b[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}\b")
HOME = re.compile(r"(/home/|/Users/|[A-Za-z]:\\Users\\)[^\s/\\:\"']{1,64}")


def redact(text: str) -> str:
    """Tokens, private keys, assigned secrets, logins in URLs, mail addresses and the names of home folders replaced."""
    text = PRIVATE_KEY.sub(MARK, text)
    text = TOKENS.sub(MARK, text)
    text = URL_LOGIN.sub(rf"\1{MARK}@", text)
    text = ASSIGNED.sub(rf"\1{MARK}", text)
    text = BEARER.sub(rf"\1{MARK}", text)
    text = MAIL.sub(MARK, text)
    return HOME.sub(r"\1~", text)
