# SPDX-License-Identifier: EUPL-1.2
"""What people are written about their accounts, in Bulgarian and English."""

from dataclasses import dataclass

PASSWORD, PASSWORD_BY_LINK, CODES, PASSKEY = "password", "password_by_link", "codes", "passkey"
_WHAT = {
    PASSWORD: ("Паролата за профила ти беше сменена.", "Your account's password was changed."),
    PASSWORD_BY_LINK: (
        "Паролата за профила ти беше сменена по връзка от писмо. Влизанията и токените приключиха.",
        "Your account's password was set by a mailed link. Its sessions and tokens ended.",
    ),
    CODES: (
        "Еднократните кодове за профила ти бяха включени или изключени.",
        "One-time codes were turned on or off for your account.",
    ),
    PASSKEY: (
        "Към профила ти беше добавен ключ за достъп или беше премахнат.",
        "A passkey was added to your account or removed.",
    ),
}


@dataclass(frozen=True, kw_only=True)
class Letter:
    """A letter in plain text."""

    subject: str
    text: str


def reset(language: str, address: str) -> Letter:
    """Return the letter with the link to a new password."""
    if language == "bg":
        return Letter(
            subject="Нова парола за Искър",
            text=f"Задай нова парола тук, до един час:\n\n{address}\n\nС нея приключват всички"
            " влизания и токени на програми.\n\nАко не си искал нова парола, не прави нищо: старата"
            " важи.\n",
        )
    return Letter(
        subject="A new password for Iskar",
        text=f"Set a new password here, within an hour:\n\n{address}\n\nWherever you are signed in,"
        " and your programs' tokens, end with it.\n\nIf you didn't ask for one, do nothing: the old"
        " one stays.\n",
    )


def share(language: str, building: str, address: str) -> Letter:
    """Return the letter that tells of a shared building and leads to the app."""
    if language == "bg":
        return Letter(
            subject="Споделена сграда в Искър",
            text=f"С теб беше споделена сграда: {building}.\n\nВлез оттук:\n\n{address}\n\n"
            "Ако не я познаваш, не прави нищо.\n",
        )
    return Letter(
        subject="A building shared with you in Iskar",
        text=f"A building was shared with you: {building}.\n\nEnter here:\n\n{address}\n\n"
        "If you don't know it, do nothing.\n",
    )


def news(language: str, what: str) -> Letter:
    """Return the letter that tells of a change to the account."""
    in_bulgarian, in_english = _WHAT[what]
    if language == "bg":
        return Letter(
            subject="Промяна в профила ти в Искър",
            text=f"{in_bulgarian}\n\nАко не си бил ти, поискай нова парола и се обади на"
            " оператора.\n",
        )
    return Letter(
        subject="A change to your account in Iskar",
        text=f"{in_english}\n\nIf that wasn't you, ask for a new password and call the operator.\n",
    )
