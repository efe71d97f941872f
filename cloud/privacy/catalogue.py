# SPDX-License-Identifier: EUPL-1.2
"""What is kept of people: every table, whom its rows are tied to, why it is there, for how long.

A table that is missing here fails a test. What a person takes with them, what goes when they ask
to be erased and what goes with age all follow from this list; ``PRIVACY.md`` tells it in words.
Source: GDPR articles 5 (1) (b, c, e), 6, 15, 17, 20 and 30.
"""

from cloud.privacy.kept import Basis, Ending, Erasure, Kept, Tie

# Source for a year: CNIL, délibération 2021-122 of 14 October 2021 on logs of access: 6 to 12
# months, no longer without a reason of its own.
ACCESS_LOG_DAYS = 365
# Source: Bulgarian Obligations and Contracts Act, article 110: claims are barred after five years.
AUDIT_DETAILS_DAYS = 5 * 366
FAILURES_DAYS = 7  # long enough to look into guessing over a weekend
WEBHOOK_DAYS = 90
IDEMPOTENCY_DAYS = 1
NOTICE_DAYS = 90  # long enough to answer "why did nobody tell me?"

PEOPLE = (
    Kept(
        table="users",
        ties={"user_id": Tie.USER},
        purpose="to let a person sign in and be told",
        basis=Basis.CONTRACT,
        erasure=Erasure.DELETE,
        secret=("password_hash", "totp_secret", "totp_last_step", "handle"),
        until="the account is erased",
    ),
    Kept(
        table="sessions",
        ties={"user_id": Tie.USER},
        purpose="to know a browser again",
        basis=Basis.CONTRACT,
        erasure=Erasure.DELETE,
        secret=("session_hash", "next_hash", "previous_hash"),
        ending=Ending(column="expires_at"),
    ),
    Kept(
        table="sign_in_failures",
        ties={"email": Tie.EMAIL},
        purpose="to slow down guessing",
        basis=Basis.INTEREST,
        erasure=Erasure.DELETE,
        ending=Ending(column="failed_at", days=FAILURES_DAYS),
    ),
    Kept(
        table="passkeys",
        ties={"user_id": Tie.USER},
        purpose="to let a person sign in without a password",
        basis=Basis.CONTRACT,
        erasure=Erasure.DELETE,
        secret=("public_key",),
        until="the person removes it, or the account is erased",
    ),
    Kept(
        table="recovery_codes",
        ties={"user_id": Tie.USER},
        purpose="to let a person in who has lost their second factor",
        basis=Basis.CONTRACT,
        erasure=Erasure.DELETE,
        secret=("code_hash",),
        until="it is used, or the account is erased",
    ),
    Kept(
        table="challenges",
        ties={"user_id": Tie.USER},
        purpose="to ask a passkey something new each time",
        basis=Basis.CONTRACT,
        erasure=Erasure.DELETE,
        secret=("challenge",),
        ending=Ending(column="expires_at"),
    ),
    Kept(
        table="account_links",
        ties={"user_id": Tie.USER},
        purpose="to invite a person, or let them set a new password",
        basis=Basis.CONTRACT,
        erasure=Erasure.DELETE,
        secret=("link_hash",),
        ending=Ending(column="expires_at"),
    ),
    Kept(
        table="identities",
        ties={"user_id": Tie.USER},
        purpose="to let an organisation's people sign in as they do there",
        basis=Basis.CONTRACT,
        erasure=Erasure.DELETE,
        until="the account is erased",
    ),
    Kept(
        table="tokens",
        ties={"user_id": Tie.USER},
        purpose="to let a person's programs ask",
        basis=Basis.CONTRACT,
        erasure=Erasure.DELETE,
        secret=("token_hash",),
        ending=Ending(column="expires_at", days=ACCESS_LOG_DAYS),
    ),
    Kept(
        table="grants",
        ties={"user_id": Tie.USER},
        purpose="to know whose a building is, and who else may see it",
        basis=Basis.CONTRACT,
        erasure=Erasure.DELETE,
        # as long as the log of accesses, which can't be read without it
        ending=Ending(column="revoked_at", days=ACCESS_LOG_DAYS),
    ),
    Kept(
        table="idempotency_keys",
        ties={"caller": Tie.SUBJECT},
        purpose="to answer a repeated request as before",
        basis=Basis.CONTRACT,
        erasure=Erasure.DELETE,
        secret=("body", "request_digest"),  # the body may hold a token that is shown once
        ending=Ending(column="created_at", days=IDEMPOTENCY_DAYS),
    ),
    Kept(
        table="webhooks",
        ties={"owner": Tie.SUBJECT, "contact": Tie.EMAIL},
        purpose="to tell a utility's program, and somebody there when that fails",
        basis=Basis.CONTRACT,
        erasure=Erasure.RENAME,  # it is the utility's; the address to write to goes
        secret=("secret",),
        until="it is deleted",
    ),
    Kept(
        table="alerts",
        ties={"acknowledged_by": Tie.SUBJECT},
        purpose="to show that somebody looks after an alert",
        basis=Basis.CONTRACT,
        erasure=Erasure.KEEP,
        # as releases before 0011 kept it; since then it is an event
        told=("alert_id", "acknowledged_at", "acknowledged_by"),
        until="the building leaves the service",
    ),
    Kept(
        table="alert_events",
        ties={"actor": Tie.SUBJECT},
        purpose="to show what became of an alert",
        basis=Basis.CONTRACT,
        erasure=Erasure.RENAME,
        words=("note",),
        until="the building leaves the service",
    ),
    Kept(
        table="subscriptions",
        ties={"owner": Tie.SUBJECT},
        purpose="to tell a person of alerts, as they asked",
        basis=Basis.CONSENT,
        erasure=Erasure.DELETE,
        secret=("subscription_key", "push_auth", "push_key"),
        ending=Ending(column="ended_at", days=NOTICE_DAYS),
    ),
    Kept(
        table="client_numbers",
        ties={"set_by": Tie.SUBJECT},
        purpose="to print a client number on the sheet of dials that a person hands in",
        basis=Basis.CONTRACT,
        erasure=Erasure.DELETE,
        until="it is deleted, or the account of who entered it is erased",
    ),
    Kept(
        table="alert_labels",
        ties={"labelled_by": Tie.SIGNATURE, "undone_by": Tie.SIGNATURE},
        purpose="to leave use alone that somebody called ordinary",
        basis=Basis.CONTRACT,
        erasure=Erasure.RENAME,
        words=("note",),
        until="the building leaves the service",
    ),
    Kept(
        table="rule_switches",
        ties={"switched_off_by": Tie.SIGNATURE},
        purpose="to know who silenced a rule that would have warned of a leak",
        basis=Basis.CONTRACT,
        erasure=Erasure.RENAME,
        until="the rule is switched on again",
    ),
    Kept(
        table="register_events",
        ties={"recorded_by": Tie.SIGNATURE, "undone_by": Tie.SIGNATURE},
        purpose="to prove what a bill rests on",
        basis=Basis.LEGAL,
        erasure=Erasure.RENAME,
        until="ten years after the bills that rest on it",
    ),
    Kept(
        table="corrections",
        ties={"made_by": Tie.SIGNATURE, "undone_by": Tie.SIGNATURE},
        purpose="to prove what a bill rests on",
        basis=Basis.LEGAL,
        erasure=Erasure.RENAME,
        until="ten years after the bills that rest on it",
    ),
    Kept(
        table="tariff_versions",
        ties={"recorded_by": Tie.SUBJECT, "superseded_by": Tie.SUBJECT},
        purpose="to prove what a bill rests on",
        basis=Basis.LEGAL,
        erasure=Erasure.KEEP,
        until="ten years after the bills that rest on it",
    ),
    Kept(
        table="tariff_assignments",
        ties={"assigned_by": Tie.SUBJECT, "withdrawn_by": Tie.SUBJECT},
        purpose="to prove what a bill rests on",
        basis=Basis.LEGAL,
        erasure=Erasure.KEEP,
        until="ten years after the bills that rest on it",
    ),
    Kept(
        table="demand_series",
        ties={"made_by": Tie.SUBJECT},
        purpose="to know who had a series of use kept",
        basis=Basis.INTEREST,
        erasure=Erasure.KEEP,
        until="the series is deleted",
    ),
    Kept(
        table="demand_limits",
        ties={"made_by": Tie.SUBJECT, "contact": Tie.EMAIL},
        purpose="to tell a utility of days that will probably pass a limit it set",
        basis=Basis.CONTRACT,
        erasure=Erasure.RENAME,  # it is the utility's; the address to write to goes
        until="it is deleted",
    ),
    Kept(
        table="demand_imports",
        ties={"imported_by": Tie.SUBJECT},
        purpose="to know who brought a history of use",
        basis=Basis.INTEREST,
        erasure=Erasure.KEEP,
        until="the series is deleted",
    ),
    Kept(
        table="weather_decisions",
        ties={"decided_by": Tie.SIGNATURE, "withdrawn_by": Tie.SIGNATURE},
        purpose="to know who had a station read differently",
        basis=Basis.INTEREST,
        erasure=Erasure.RENAME,
        words=("reason",),
        until="the place leaves the service",
    ),
    Kept(
        table="node_commands",
        ties={"ordered_by": Tie.SIGNATURE},
        purpose="to know who changed a device",
        basis=Basis.INTEREST,
        erasure=Erasure.RENAME,
        until="the device leaves the service",
    ),
    Kept(
        table="packages",
        ties={"added_by": Tie.SIGNATURE},
        purpose="to know who brought firmware",
        basis=Basis.INTEREST,
        erasure=Erasure.RENAME,
        secret=("content",),  # the firmware itself; nothing of the person
        until="the package is no longer in use",
    ),
    Kept(
        table="rollouts",
        ties={"ordered_by": Tie.SIGNATURE, "stopped_by": Tie.SIGNATURE},
        purpose="to know who changed devices",
        basis=Basis.INTEREST,
        erasure=Erasure.RENAME,
        until="the gateway leaves the service",
    ),
    Kept(
        table="accesses",
        ties={"subject": Tie.SUBJECT},
        purpose="to tell people who looked at their data",
        basis=Basis.LEGAL,  # GDPR articles 5 (2), 15 and 32
        erasure=Erasure.KEEP,
        ending=Ending(column="hour", days=ACCESS_LOG_DAYS),
    ),
    Kept(
        table="audit_log",
        ties={"actor": Tie.SUBJECT, "about": Tie.SUBJECT},
        purpose="to prove who changed what",
        basis=Basis.LEGAL,  # GDPR articles 5 (2) and 32
        erasure=Erasure.KEEP,  # it holds numbers for people, and must not change
        secret=("hash",),
        until="the installation ends",
    ),
    Kept(
        table="audit_personal",
        ties={"person": Tie.SUBJECT},
        purpose="to prove who changed what",
        basis=Basis.INTEREST,
        erasure=Erasure.DELETE,
        secret=("salt",),
        until="five years, then the log says that older details are gone",
    ),
)

# Data of a building that is personal where few people live in it. The tie to a person is their
# grant: people take it with them as files, and it stays with the meter when they go.
OF_BUILDINGS = {
    "premises": "the register of buildings",
    "service_points": "where supply is measured",
    "installations": "which meter hung where: what a bill rests on",
    "meters": "the instruments",
    "readings": "registers as they were read",
    "current_readings": "the newest reading",
    "hourly_usage": "use by hour",
    "daily_usage": "use by day",
    "monthly_usage": "use by month: what a bill rests on",
    "forecast_runs": "what was forecast, of a building or of many",
    "forecast_audits": "how forecasts came out",
    "forecast_weeks": "how forecasts came out, week by week",
    "forecast_drifts": "since when forecasts don't hold any more",
    "demand_usage": "use that utilities brought along, of a building or of many",
    "boundary_registers": "registers at months' ends: what a bill rests on",
    "exclusions": "readings that don't count",
    "validation_findings": "what validation noticed",
    "quarantine": "messages that could not be taken in",
    "findings": "contradictions in what was sent",
    "events": "what nodes reported",
    "alert_findings": "what rules found",
    "webhook_messages": "alerts as they were sent to utilities",
}
NOT_PERSONAL = {
    "alembic_version": "the schema's number",
    "alert_notices": "how far a letter to a subscription has come",
    "certificates": "of devices",
    "channels": "of devices",
    "closed_periods": "bookkeeping of retention",
    "demand_limit_days": "how far telling of a limit has come",
    "demand_models": "what was learnt of use, by series; what it learnt itself is a file",
    "gateway_notices": "what gateways say of themselves",
    "gateways": "devices",
    "ledger": "which messages came",
    "nodes": "devices",
    "organisation_sign_ins": "of nobody yet, for ten minutes",
    "pending_refreshes": "bookkeeping of roll-ups",
    "procrastinate_events": "bookkeeping of jobs",
    "procrastinate_jobs": "ids of what to do; e-mail addresses are looked up when it is done",
    "procrastinate_periodic_defers": "bookkeeping of jobs",
    "procrastinate_workers": "bookkeeping of jobs",
    "stale_usage": "what to review",
    "suppliers": "organisations",
    "tariffs": "prices",
    "usage_gaps": "what to review",
    "watermarks": "how far gateways have sent",
    "webhook_attempts": "what receivers answered",
    "webhook_deliveries": "how far a message has come",
    "weather_days": "weather",
    "weather_flags": "what is wrong with it",
    "weather_hours": "weather",
    "weather_places": "stations and grids",
    "webhook_keys": "secrets of endpoints",
}
# Rows of tables that tell of no person, or of buildings, and still go with age.
ENDINGS = {
    "demand_limit_days": Ending(column="told_at", days=NOTICE_DAYS),
    "alert_notices": Ending(column="queued_at", days=NOTICE_DAYS),
    "organisation_sign_ins": Ending(column="expires_at"),
    "webhook_attempts": Ending(column="attempted_at", days=WEBHOOK_DAYS),
    "webhook_messages": Ending(column="created_at", days=WEBHOOK_DAYS),
}
