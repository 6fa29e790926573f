"""Every table, and the triggers by which the database itself refuses to change the trail."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from hedgerow.store.base import UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes everything."""
    op.create_table(
        "appeals",
        sa.Column("id", sa.String(length=20), nullable=False),
        sa.Column("letter_id", sa.String(length=32), nullable=False),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("site", sa.String(length=100), nullable=False),
        sa.Column("reference", sa.String(length=20), nullable=True),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.Column("taken_up_at", UtcDateTime(), nullable=False),
        sa.Column("answer_by", UtcDateTime(), nullable=False),
        sa.Column("lane", sa.String(length=30), nullable=False),
        sa.Column("asn", sa.BigInteger(), nullable=True),
        sa.Column("network_kind", sa.String(length=30), nullable=False),
        sa.Column("aid", sa.Boolean(), nullable=False),
        sa.Column("no_script", sa.Boolean(), nullable=False),
        sa.Column(
            "names", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=False
        ),
        sa.Column("sealed_text", sa.LargeBinary(), nullable=True),
        sa.Column("sealed_reply", sa.LargeBinary(), nullable=True),
        sa.Column(
            "verdict", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=True
        ),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("outcome", sa.String(length=10), nullable=True),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("answered_at", UtcDateTime(), nullable=True),
        sa.Column("answered_by", sa.String(length=200), nullable=True),
        sa.Column("mail", sa.String(length=12), nullable=False),
        sa.Column("mail_words", sa.String(length=300), nullable=False),
        sa.Column("message_id", sa.String(length=200), nullable=False),
        sa.Column("mailed_at", UtcDateTime(), nullable=True),
        sa.Column("measure_id", sa.String(length=64), nullable=True),
        sa.Column("erase_after", UtcDateTime(), nullable=False),
        sa.Column("erased_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appeals")),
        sa.UniqueConstraint("letter_id", name=op.f("uq_appeals_letter_id")),
    )
    op.create_index(op.f("ix_appeals_number"), "appeals", ["number"], unique=False)
    op.create_index(op.f("ix_appeals_reference"), "appeals", ["reference"], unique=False)
    op.create_index(op.f("ix_appeals_site"), "appeals", ["site"], unique=False)
    op.create_index("ix_appeals_state_received_at", "appeals", ["state", "received_at"], unique=False)
    op.create_table(
        "cases",
        sa.Column("id", sa.String(length=20), nullable=False),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("site", sa.String(length=100), nullable=False),
        sa.Column("origin", sa.String(length=10), nullable=False),
        sa.Column("rule", sa.String(length=40), nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("severity", sa.String(length=10), nullable=False),
        sa.Column("severity_method", sa.Text(), nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.Column("opened_by", sa.String(length=200), nullable=False),
        sa.Column("period_since", UtcDateTime(), nullable=False),
        sa.Column("period_until", UtcDateTime(), nullable=True),
        sa.Column("detected_at", UtcDateTime(), nullable=False),
        sa.Column("first_disclosure_at", UtcDateTime(), nullable=True),
        sa.Column("last_disclosure_at", UtcDateTime(), nullable=True),
        sa.Column("contained_at", UtcDateTime(), nullable=True),
        sa.Column("counted_at", UtcDateTime(), nullable=True),
        sa.Column(
            "routes", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=False
        ),
        sa.Column(
            "controls_passed",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "ties", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=False
        ),
        sa.Column(
            "caveats", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=False
        ),
        sa.Column("membership", sa.Integer(), nullable=True),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.Column("closed_by", sa.String(length=200), nullable=True),
        sa.Column("closing_reason", sa.Text(), nullable=False),
        sa.Column("no_lesson_reason", sa.Text(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cases")),
        sa.UniqueConstraint("number", name=op.f("uq_cases_number")),
    )
    op.create_index(op.f("ix_cases_site"), "cases", ["site"], unique=False)
    op.create_index("ix_cases_state_opened_at", "cases", ["state", "opened_at"], unique=False)
    op.create_table(
        "channels",
        sa.Column("id", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("target", sa.String(length=2000), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("made_by", sa.String(length=200), nullable=False),
        sa.Column("disabled_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channels")),
        sa.UniqueConstraint("name", name=op.f("uq_channels_name")),
    )
    op.create_table(
        "decisions",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("actor_id", sa.String(length=100), nullable=False),
        sa.Column("actor_name", sa.String(length=200), nullable=False),
        sa.Column("via", sa.String(length=20), nullable=False),
        sa.Column("act", sa.String(length=100), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column(
            "details", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=False
        ),
        sa.Column("before", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_decisions")),
        sa.UniqueConstraint("hash", name=op.f("uq_decisions_hash")),
    )
    op.create_index(op.f("ix_decisions_act"), "decisions", ["act"], unique=False)
    op.create_index(op.f("ix_decisions_actor_id"), "decisions", ["actor_id"], unique=False)
    op.create_index(op.f("ix_decisions_at"), "decisions", ["at"], unique=False)
    op.create_index(op.f("ix_decisions_subject"), "decisions", ["subject"], unique=False)
    op.create_table(
        "drill_records",
        sa.Column("id", sa.String(length=20), nullable=False),
        sa.Column("held_at", UtcDateTime(), nullable=False),
        sa.Column("scenario", sa.String(length=200), nullable=False),
        sa.Column("people_exposed", sa.Integer(), nullable=True),
        sa.Column("detected_after_s", sa.Integer(), nullable=True),
        sa.Column("findings", sa.Text(), nullable=False),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("noted_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_drill_records")),
    )
    op.create_index(op.f("ix_drill_records_held_at"), "drill_records", ["held_at"], unique=False)
    op.create_table(
        "followed_stops",
        sa.Column("id", sa.String(length=20), nullable=False),
        sa.Column("site", sa.String(length=100), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("counted_at", UtcDateTime(), nullable=False),
        sa.Column("gone", sa.Boolean(), nullable=False),
        sa.Column(
            "rows", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=False
        ),
        sa.Column(
            "usual", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=False
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_followed_stops")),
    )
    op.create_index("ix_followed_stops_site_day", "followed_stops", ["site", "day"], unique=True)
    op.create_table(
        "month_figures",
        sa.Column("id", sa.String(length=20), nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("site", sa.String(length=100), nullable=False),
        sa.Column(
            "values", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=False
        ),
        sa.Column("counted_at", UtcDateTime(), nullable=False),
        sa.Column("whole", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_month_figures")),
        sa.UniqueConstraint("month", "site", name=op.f("uq_month_figures_month")),
    )
    op.create_index(op.f("ix_month_figures_month"), "month_figures", ["month"], unique=False)
    op.create_table(
        "number_series",
        sa.Column("series", sa.String(length=10), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("series", "year", name=op.f("pk_number_series")),
    )
    op.create_table(
        "reminders_told",
        sa.Column("mark", sa.String(length=200), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("mark", name=op.f("pk_reminders_told")),
    )
    op.create_table(
        "reviews",
        sa.Column("id", sa.String(length=20), nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column(
            "shown", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=False
        ),
        sa.Column("conclusion", sa.Text(), nullable=False),
        sa.Column("signed_at", UtcDateTime(), nullable=False),
        sa.Column("signed_by", sa.String(length=200), nullable=False),
        sa.Column("signer_id", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reviews")),
    )
    op.create_index(op.f("ix_reviews_month"), "reviews", ["month"], unique=False)
    op.create_table(
        "sign_in_attempts",
        sa.Column("id", sa.String(length=20), nullable=False),
        sa.Column("who", sa.String(length=64), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_attempts")),
    )
    op.create_index(op.f("ix_sign_in_attempts_at"), "sign_in_attempts", ["at"], unique=False)
    op.create_index("ix_sign_in_attempts_who_at", "sign_in_attempts", ["who", "at"], unique=False)
    op.create_table(
        "users",
        sa.Column("id", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("shown_name", sa.String(length=200), nullable=False),
        sa.Column("email", sa.String(length=320), nullable=True),
        sa.Column("password", sa.String(length=300), nullable=True),
        sa.Column("password_at", UtcDateTime(), nullable=True),
        sa.Column("totp", sa.String(length=300), nullable=True),
        sa.Column("totp_step", sa.Integer(), nullable=False),
        sa.Column("oidc_issuer", sa.String(length=500), nullable=True),
        sa.Column("oidc_subject", sa.String(length=300), nullable=True),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("disabled_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("name", name=op.f("uq_users_name")),
        sa.UniqueConstraint("oidc_issuer", "oidc_subject", name=op.f("uq_users_oidc_issuer")),
    )
    op.create_table(
        "api_tokens",
        sa.Column("id", sa.String(length=20), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column(
            "permissions", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=False
        ),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_api_tokens_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_tokens")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_api_tokens_token_hash")),
    )
    op.create_index(op.f("ix_api_tokens_user_id"), "api_tokens", ["user_id"], unique=False)
    op.create_table(
        "appeal_examples",
        sa.Column("id", sa.String(length=20), nullable=False),
        sa.Column("appeal_id", sa.String(length=20), nullable=False),
        sa.Column("site", sa.String(length=100), nullable=False),
        sa.Column("reference", sa.String(length=20), nullable=True),
        sa.Column("label", sa.String(length=20), nullable=False),
        sa.Column(
            "signals", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=False
        ),
        sa.Column(
            "features", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=False
        ),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["appeal_id"], ["appeals.id"], name=op.f("fk_appeal_examples_appeal_id_appeals")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appeal_examples")),
        sa.UniqueConstraint("appeal_id", name=op.f("uq_appeal_examples_appeal_id")),
    )
    op.create_index(op.f("ix_appeal_examples_site"), "appeal_examples", ["site"], unique=False)
    op.create_table(
        "breach_entries",
        sa.Column("id", sa.String(length=20), nullable=False),
        sa.Column("case_id", sa.String(length=20), nullable=False),
        sa.Column("regime", sa.String(length=20), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("by_id", sa.String(length=100), nullable=False),
        sa.Column(
            "entry", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=False
        ),
        sa.Column("keep_until", sa.Date(), nullable=True),
        sa.Column("keep_rests_on", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_breach_entries_case_id_cases")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_breach_entries")),
        sa.UniqueConstraint("case_id", "regime", "number", name="uq_breach_entries_number"),
    )
    op.create_index("ix_breach_entries_keep", "breach_entries", ["keep_until"], unique=False)
    op.create_table(
        "case_containment",
        sa.Column("id", sa.String(length=20), nullable=False),
        sa.Column("case_id", sa.String(length=20), nullable=False),
        sa.Column("step", sa.String(length=20), nullable=False),
        sa.Column("target", sa.String(length=300), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("measure_id", sa.String(length=64), nullable=True),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("effective_at", UtcDateTime(), nullable=True),
        sa.Column("expires_at", UtcDateTime(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("ended_why", sa.Text(), nullable=False),
        sa.Column("ordinary_expected", sa.Integer(), nullable=True),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_containment_case_id_cases")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_containment")),
    )
    op.create_index(op.f("ix_case_containment_case_id"), "case_containment", ["case_id"], unique=False)
    op.create_table(
        "case_events",
        sa.Column("id", sa.String(length=20), nullable=False),
        sa.Column("case_id", sa.String(length=20), nullable=False),
        sa.Column("serial", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("noted_at", UtcDateTime(), nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_events_case_id_cases")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_events")),
    )
    op.create_index(op.f("ix_case_events_case_id"), "case_events", ["case_id"], unique=False)
    op.create_table(
        "case_evidence",
        sa.Column("id", sa.String(length=20), nullable=False),
        sa.Column("case_id", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("zip_sha256", sa.String(length=64), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("records", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("checked_at", UtcDateTime(), nullable=True),
        sa.Column("checked", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_evidence_case_id_cases")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_evidence")),
    )
    op.create_index(op.f("ix_case_evidence_case_id"), "case_evidence", ["case_id"], unique=False)
    op.create_table(
        "case_fields",
        sa.Column("id", sa.String(length=20), nullable=False),
        sa.Column("case_id", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("sensitivity", sa.String(length=12), nullable=False),
        sa.Column("mark", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=True),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("by_person", sa.Boolean(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("proposed_mark", sa.String(length=10), nullable=False),
        sa.Column("proposed_reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_fields_case_id_cases")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_fields")),
        sa.UniqueConstraint("case_id", "name", name=op.f("uq_case_fields_case_id")),
    )
    op.create_index(op.f("ix_case_fields_case_id"), "case_fields", ["case_id"], unique=False)
    op.create_table(
        "case_figures",
        sa.Column("id", sa.String(length=20), nullable=False),
        sa.Column("case_id", sa.String(length=20), nullable=False),
        sa.Column("serial", sa.Integer(), nullable=False),
        sa.Column("low", sa.Integer(), nullable=False),
        sa.Column("high", sa.Integer(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_figures_case_id_cases")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_figures")),
    )
    op.create_index(op.f("ix_case_figures_case_id"), "case_figures", ["case_id"], unique=False)
    op.create_table(
        "case_holds",
        sa.Column("id", sa.String(length=20), nullable=False),
        sa.Column("case_id", sa.String(length=20), nullable=False),
        sa.Column("hold_id", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("until", UtcDateTime(), nullable=False),
        sa.Column("placed_at", UtcDateTime(), nullable=False),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("lifted_at", UtcDateTime(), nullable=True),
        sa.Column("lifted_why", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_holds_case_id_cases")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_holds")),
    )
    op.create_index(op.f("ix_case_holds_case_id"), "case_holds", ["case_id"], unique=False)
    op.create_table(
        "case_lessons",
        sa.Column("id", sa.String(length=20), nullable=False),
        sa.Column("case_id", sa.String(length=20), nullable=False),
        sa.Column("change", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("reference", sa.String(length=100), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_lessons_case_id_cases")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_lessons")),
    )
    op.create_index(op.f("ix_case_lessons_case_id"), "case_lessons", ["case_id"], unique=False)
    op.create_table(
        "case_notes",
        sa.Column("id", sa.String(length=20), nullable=False),
        sa.Column("case_id", sa.String(length=20), nullable=False),
        sa.Column("serial", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_notes_case_id_cases")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_notes")),
    )
    op.create_index(op.f("ix_case_notes_case_id"), "case_notes", ["case_id"], unique=False)
    op.create_table(
        "case_open_principals",
        sa.Column("site", sa.String(length=100), nullable=False),
        sa.Column("level", sa.String(length=12), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("case_id", sa.String(length=20), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_open_principals_case_id_cases")),
        sa.PrimaryKeyConstraint("site", "level", "name", name=op.f("pk_case_open_principals")),
    )
    op.create_index(op.f("ix_case_open_principals_case_id"), "case_open_principals", ["case_id"], unique=False)
    op.create_table(
        "case_principals",
        sa.Column("id", sa.String(length=20), nullable=False),
        sa.Column("case_id", sa.String(length=20), nullable=False),
        sa.Column("level", sa.String(length=12), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("label", sa.String(length=200), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column(
            "ties", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=False
        ),
        sa.Column("people", sa.Integer(), nullable=True),
        sa.Column("added_at", UtcDateTime(), nullable=False),
        sa.Column("added_by", sa.String(length=200), nullable=False),
        sa.Column("removed_at", UtcDateTime(), nullable=True),
        sa.Column("removed_why", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_principals_case_id_cases")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_principals")),
        sa.UniqueConstraint("case_id", "level", "name", name=op.f("uq_case_principals_case_id")),
    )
    op.create_index(op.f("ix_case_principals_case_id"), "case_principals", ["case_id"], unique=False)
    op.create_table(
        "case_severities",
        sa.Column("id", sa.String(length=20), nullable=False),
        sa.Column("case_id", sa.String(length=20), nullable=False),
        sa.Column("serial", sa.Integer(), nullable=False),
        sa.Column("severity", sa.String(length=10), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_severities_case_id_cases")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_severities")),
    )
    op.create_index(op.f("ix_case_severities_case_id"), "case_severities", ["case_id"], unique=False)
    op.create_table(
        "case_tasks",
        sa.Column("id", sa.String(length=20), nullable=False),
        sa.Column("case_id", sa.String(length=20), nullable=False),
        sa.Column("title", sa.String(length=300), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=True),
        sa.Column("assignee_id", sa.String(length=100), nullable=True),
        sa.Column("assignee", sa.String(length=200), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("made_by", sa.String(length=200), nullable=False),
        sa.Column("done_at", UtcDateTime(), nullable=True),
        sa.Column("done_by", sa.String(length=200), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_tasks_case_id_cases")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_tasks")),
    )
    op.create_index(op.f("ix_case_tasks_assignee_id"), "case_tasks", ["assignee_id"], unique=False)
    op.create_index(op.f("ix_case_tasks_case_id"), "case_tasks", ["case_id"], unique=False)
    op.create_index("ix_case_tasks_done_due", "case_tasks", ["done_at", "due_at"], unique=False)
    op.create_table(
        "claims",
        sa.Column("id", sa.String(length=20), nullable=False),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("intake_key", sa.String(length=64), nullable=False),
        sa.Column("site", sa.String(length=100), nullable=False),
        sa.Column("source", sa.String(length=20), nullable=False),
        sa.Column("subject", sa.String(length=300), nullable=False),
        sa.Column("sealed_text", sa.LargeBinary(), nullable=True),
        sa.Column("sealed_contact", sa.LargeBinary(), nullable=True),
        sa.Column(
            "attachments", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=False
        ),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.Column("taken_up_at", UtcDateTime(), nullable=False),
        sa.Column("taken_up_by", sa.String(length=200), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("acknowledge_by", UtcDateTime(), nullable=False),
        sa.Column("acknowledged_at", UtcDateTime(), nullable=True),
        sa.Column("acknowledged_by", sa.String(length=200), nullable=True),
        sa.Column("examine_by", UtcDateTime(), nullable=False),
        sa.Column("decided_at", UtcDateTime(), nullable=True),
        sa.Column("decided_by", sa.String(length=200), nullable=True),
        sa.Column("decision_reason", sa.Text(), nullable=False),
        sa.Column("case_id", sa.String(length=20), nullable=True),
        sa.Column("erase_after", UtcDateTime(), nullable=True),
        sa.Column("erased_at", UtcDateTime(), nullable=True),
        sa.Column("hoax_proposed_at", UtcDateTime(), nullable=True),
        sa.Column("hoax_proposed_by_id", sa.String(length=100), nullable=True),
        sa.Column("hoax_proposed_by", sa.String(length=200), nullable=True),
        sa.Column("hoax_reason", sa.Text(), nullable=False),
        sa.Column("hoax_correlation_id", sa.String(length=20), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_claims_case_id_cases")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claims")),
        sa.UniqueConstraint("intake_key", name=op.f("uq_claims_intake_key")),
        sa.UniqueConstraint("number", name=op.f("uq_claims_number")),
    )
    op.create_index(op.f("ix_claims_case_id"), "claims", ["case_id"], unique=False)
    op.create_index(op.f("ix_claims_site"), "claims", ["site"], unique=False)
    op.create_index("ix_claims_state_received_at", "claims", ["state", "received_at"], unique=False)
    op.create_table(
        "covers",
        sa.Column("id", sa.String(length=20), nullable=False),
        sa.Column("absent_id", sa.String(length=20), nullable=False),
        sa.Column("stand_in_id", sa.String(length=20), nullable=False),
        sa.Column("from_at", UtcDateTime(), nullable=False),
        sa.Column("until_at", UtcDateTime(), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["absent_id"], ["users.id"], name=op.f("fk_covers_absent_id_users"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["stand_in_id"], ["users.id"], name=op.f("fk_covers_stand_in_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_covers")),
    )
    op.create_index(op.f("ix_covers_absent_id"), "covers", ["absent_id"], unique=False)
    op.create_index(op.f("ix_covers_stand_in_id"), "covers", ["stand_in_id"], unique=False)
    op.create_table(
        "letters",
        sa.Column("id", sa.String(length=20), nullable=False),
        sa.Column("case_id", sa.String(length=20), nullable=False),
        sa.Column("serial", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column(
            "recipient", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=False
        ),
        sa.Column(
            "sender", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=False
        ),
        sa.Column(
            "particulars", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=False
        ),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("follows_id", sa.String(length=20), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", sa.String(length=200), nullable=False),
        sa.Column("approved_version", sa.Integer(), nullable=True),
        sa.Column("approved_at", UtcDateTime(), nullable=True),
        sa.Column("approved_by", sa.String(length=200), nullable=True),
        sa.Column("docx_sha256", sa.String(length=64), nullable=True),
        sa.Column("pdf_sha256", sa.String(length=64), nullable=True),
        sa.Column("answer_by", sa.Date(), nullable=True),
        sa.Column("zone", sa.String(length=64), nullable=False),
        sa.Column("sending_at", UtcDateTime(), nullable=True),
        sa.Column("channel", sa.String(length=20), nullable=True),
        sa.Column("channel_reference", sa.String(length=500), nullable=False),
        sa.Column("sent_at", UtcDateTime(), nullable=True),
        sa.Column("due_at", UtcDateTime(), nullable=True),
        sa.Column("delivered_at", UtcDateTime(), nullable=True),
        sa.Column("answered_at", UtcDateTime(), nullable=True),
        sa.Column("confirmation", sa.String(length=12), nullable=False),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_letters_case_id_cases")),
        sa.ForeignKeyConstraint(["follows_id"], ["letters.id"], name=op.f("fk_letters_follows_id_letters")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_letters")),
        sa.UniqueConstraint("case_id", "serial", name=op.f("uq_letters_case_id")),
        sa.UniqueConstraint("number", name=op.f("uq_letters_number")),
    )
    op.create_index(op.f("ix_letters_case_id"), "letters", ["case_id"], unique=False)
    op.create_index(op.f("ix_letters_follows_id"), "letters", ["follows_id"], unique=False)
    op.create_index("ix_letters_state_due_at", "letters", ["state", "due_at"], unique=False)
    op.create_table(
        "notice_decisions",
        sa.Column("id", sa.String(length=20), nullable=False),
        sa.Column("case_id", sa.String(length=20), nullable=False),
        sa.Column("regime", sa.String(length=20), nullable=False),
        sa.Column("duty", sa.String(length=20), nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("reasons", sa.Text(), nullable=False),
        sa.Column(
            "factors", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=False
        ),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("by_id", sa.String(length=100), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("rules", sa.String(length=64), nullable=False),
        sa.Column("rule_version", sa.Date(), nullable=False),
        sa.Column("facts", sa.String(length=64), nullable=False),
        sa.Column(
            "parts", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=False
        ),
        sa.Column("signature", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_notice_decisions_case_id_cases")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice_decisions")),
    )
    op.create_index("ix_notice_decisions_case", "notice_decisions", ["case_id", "regime", "duty"], unique=False)
    op.create_table(
        "notice_due",
        sa.Column("id", sa.String(length=20), nullable=False),
        sa.Column("case_id", sa.String(length=20), nullable=False),
        sa.Column("regime", sa.String(length=20), nullable=False),
        sa.Column("duty", sa.String(length=20), nullable=False),
        sa.Column("what", sa.String(length=20), nullable=False),
        sa.Column("mandatory", sa.Boolean(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=True),
        sa.Column("by_law", sa.Boolean(), nullable=False),
        sa.Column("words", sa.String(length=500), nullable=False),
        sa.Column("zone", sa.String(length=64), nullable=False),
        sa.Column("place", sa.String(length=10), nullable=False),
        sa.Column("running", sa.Boolean(), nullable=False),
        sa.Column("reckoned_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_notice_due_case_id_cases")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice_due")),
    )
    op.create_index(op.f("ix_notice_due_case_id"), "notice_due", ["case_id"], unique=False)
    op.create_index("ix_notice_due_order", "notice_due", ["due_at"], unique=False)
    op.create_table(
        "notice_filings",
        sa.Column("id", sa.String(length=20), nullable=False),
        sa.Column("case_id", sa.String(length=20), nullable=False),
        sa.Column("regime", sa.String(length=20), nullable=False),
        sa.Column("duty", sa.String(length=20), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("recorded_at", UtcDateTime(), nullable=False),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("by_id", sa.String(length=100), nullable=False),
        sa.Column("way", sa.String(length=500), nullable=False),
        sa.Column(
            "given", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=False
        ),
        sa.Column(
            "open", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=False
        ),
        sa.Column("promised", sa.Date(), nullable=True),
        sa.Column(
            "people", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=True
        ),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column(
            "content", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=False
        ),
        sa.Column("facts", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_notice_filings_case_id_cases")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice_filings")),
        sa.UniqueConstraint("case_id", "regime", "duty", "number", name="uq_notice_filings_number"),
    )
    op.create_index("ix_notice_filings_case", "notice_filings", ["case_id", "at"], unique=False)
    op.create_table(
        "notice_lateness",
        sa.Column("id", sa.String(length=20), nullable=False),
        sa.Column("case_id", sa.String(length=20), nullable=False),
        sa.Column("regime", sa.String(length=20), nullable=False),
        sa.Column("duty", sa.String(length=20), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("by_id", sa.String(length=100), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_notice_lateness_case_id_cases")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice_lateness")),
    )
    op.create_index(op.f("ix_notice_lateness_case_id"), "notice_lateness", ["case_id"], unique=False)
    op.create_table(
        "notice_public",
        sa.Column("id", sa.String(length=20), nullable=False),
        sa.Column("case_id", sa.String(length=20), nullable=False),
        sa.Column("regime", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("explained", sa.Text(), nullable=False),
        sa.Column(
            "where", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=False
        ),
        sa.Column("reach_low", sa.Integer(), nullable=False),
        sa.Column("reach_high", sa.Integer(), nullable=False),
        sa.Column("reach_method", sa.Text(), nullable=False),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("by_id", sa.String(length=100), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_notice_public_case_id_cases")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice_public")),
    )
    op.create_index(op.f("ix_notice_public_case_id"), "notice_public", ["case_id"], unique=False)
    op.create_table(
        "notice_statements",
        sa.Column("id", sa.String(length=20), nullable=False),
        sa.Column("case_id", sa.String(length=20), nullable=True),
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column(
            "value", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=True
        ),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("by_id", sa.String(length=100), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_notice_statements_case_id_cases")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice_statements")),
        sa.UniqueConstraint("case_id", "key", "number", name="uq_notice_statements_number"),
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.String(length=20), nullable=False),
        sa.Column("channel_id", sa.String(length=20), nullable=False),
        sa.Column("happening_id", sa.String(length=100), nullable=False),
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column("severity", sa.String(length=20), nullable=False),
        sa.Column(
            "payload", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=False
        ),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", UtcDateTime(), nullable=False),
        sa.Column("sent_at", UtcDateTime(), nullable=True),
        sa.Column("error", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["channel_id"], ["channels.id"], name=op.f("fk_outbox_channel_id_channels"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("channel_id", "happening_id", name="uq_outbox_channel_happening"),
    )
    op.create_index("ix_outbox_next", "outbox", ["state", "next_at"], unique=False)
    op.create_table(
        "pending_sign_ins",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=20), nullable=True),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column(
            "details", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=False
        ),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_pending_sign_ins_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_pending_sign_ins")),
    )
    op.create_index(op.f("ix_pending_sign_ins_expires_at"), "pending_sign_ins", ["expires_at"], unique=False)
    op.create_table(
        "policy_versions",
        sa.Column("id", sa.String(length=20), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("made_by", sa.String(length=20), nullable=True),
        sa.Column("decided_at", UtcDateTime(), nullable=True),
        sa.Column("decided_by", sa.String(length=20), nullable=True),
        sa.Column("base_id", sa.String(length=20), nullable=True),
        sa.ForeignKeyConstraint(
            ["base_id"], ["policy_versions.id"], name=op.f("fk_policy_versions_base_id_policy_versions")
        ),
        sa.ForeignKeyConstraint(["decided_by"], ["users.id"], name=op.f("fk_policy_versions_decided_by_users")),
        sa.ForeignKeyConstraint(["made_by"], ["users.id"], name=op.f("fk_policy_versions_made_by_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy_versions")),
        sa.UniqueConstraint("number", name=op.f("uq_policy_versions_number")),
    )
    op.create_index(op.f("ix_policy_versions_sha256"), "policy_versions", ["sha256"], unique=False)
    op.create_table(
        "recovery_codes",
        sa.Column("id", sa.String(length=20), nullable=False),
        sa.Column("user_id", sa.String(length=20), nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_recovery_codes_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recovery_codes")),
    )
    op.create_index(op.f("ix_recovery_codes_user_id"), "recovery_codes", ["user_id"], unique=False)
    op.create_table(
        "setup_links",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=20), nullable=True),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_setup_links_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_setup_links")),
    )
    op.create_table(
        "sign_in_sessions",
        sa.Column("id", sa.String(length=20), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=20), nullable=False),
        sa.Column("csrf", sa.String(length=64), nullable=False),
        sa.Column("method", sa.String(length=20), nullable=False),
        sa.Column("browser", sa.String(length=300), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.Column("fresh_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_sign_in_sessions_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_sessions")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_sign_in_sessions_token_hash")),
    )
    op.create_index(op.f("ix_sign_in_sessions_user_id"), "sign_in_sessions", ["user_id"], unique=False)
    op.create_table(
        "subscriptions",
        sa.Column("id", sa.String(length=20), nullable=False),
        sa.Column("channel_id", sa.String(length=20), nullable=False),
        sa.Column("happening", sa.String(length=60), nullable=False),
        sa.Column("least", sa.String(length=20), nullable=False),
        sa.ForeignKeyConstraint(
            ["channel_id"], ["channels.id"], name=op.f("fk_subscriptions_channel_id_channels"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscriptions")),
        sa.UniqueConstraint("channel_id", "happening", name="uq_subscriptions_channel_happening"),
    )
    op.create_index(op.f("ix_subscriptions_happening"), "subscriptions", ["happening"], unique=False)
    op.create_table(
        "user_roles",
        sa.Column("user_id", sa.String(length=20), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("given_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_user_roles_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "role", name=op.f("pk_user_roles")),
    )
    op.create_table(
        "case_field_changes",
        sa.Column("id", sa.String(length=20), nullable=False),
        sa.Column("field_id", sa.String(length=20), nullable=False),
        sa.Column("serial", sa.Integer(), nullable=False),
        sa.Column("mark", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["field_id"], ["case_fields.id"], name=op.f("fk_case_field_changes_field_id_case_fields")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_field_changes")),
    )
    op.create_index(op.f("ix_case_field_changes_field_id"), "case_field_changes", ["field_id"], unique=False)
    op.create_table(
        "case_sealed_openings",
        sa.Column("id", sa.String(length=20), nullable=False),
        sa.Column("principal_id", sa.String(length=20), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("erase_after", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["principal_id"], ["case_principals.id"], name=op.f("fk_case_sealed_openings_principal_id_case_principals")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_sealed_openings")),
    )
    op.create_index(
        op.f("ix_case_sealed_openings_principal_id"), "case_sealed_openings", ["principal_id"], unique=False
    )
    op.create_table(
        "claim_correlations",
        sa.Column("id", sa.String(length=20), nullable=False),
        sa.Column("claim_id", sa.String(length=20), nullable=False),
        sa.Column("ran_at", UtcDateTime(), nullable=False),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("until", UtcDateTime(), nullable=False),
        sa.Column("samples_digest", sa.String(length=64), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column(
            "found", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=False
        ),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column(
            "caveats", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=False
        ),
        sa.ForeignKeyConstraint(["claim_id"], ["claims.id"], name=op.f("fk_claim_correlations_claim_id_claims")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claim_correlations")),
    )
    op.create_index(op.f("ix_claim_correlations_claim_id"), "claim_correlations", ["claim_id"], unique=False)
    op.create_table(
        "claim_events",
        sa.Column("id", sa.String(length=20), nullable=False),
        sa.Column("claim_id", sa.String(length=20), nullable=False),
        sa.Column("serial", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["claim_id"], ["claims.id"], name=op.f("fk_claim_events_claim_id_claims")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claim_events")),
    )
    op.create_index(op.f("ix_claim_events_claim_id"), "claim_events", ["claim_id"], unique=False)
    op.create_table(
        "claim_samples",
        sa.Column("id", sa.String(length=20), nullable=False),
        sa.Column("claim_id", sa.String(length=20), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("outcome", sa.String(length=12), nullable=False),
        sa.Column("person", sa.String(length=300), nullable=True),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("added_at", UtcDateTime(), nullable=False),
        sa.Column("added_by", sa.String(length=200), nullable=False),
        sa.Column("checked_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["claim_id"], ["claims.id"], name=op.f("fk_claim_samples_claim_id_claims")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claim_samples")),
    )
    op.create_index(op.f("ix_claim_samples_claim_id"), "claim_samples", ["claim_id"], unique=False)
    op.create_table(
        "letter_events",
        sa.Column("id", sa.String(length=20), nullable=False),
        sa.Column("letter_id", sa.String(length=20), nullable=False),
        sa.Column("serial", sa.Integer(), nullable=False),
        sa.Column("act", sa.String(length=20), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("recorded_at", UtcDateTime(), nullable=False),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column(
            "details", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=False
        ),
        sa.ForeignKeyConstraint(["letter_id"], ["letters.id"], name=op.f("fk_letter_events_letter_id_letters")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_letter_events")),
        sa.UniqueConstraint("letter_id", "serial", name=op.f("uq_letter_events_letter_id")),
    )
    op.create_index(op.f("ix_letter_events_letter_id"), "letter_events", ["letter_id"], unique=False)
    op.create_table(
        "letter_rechecks",
        sa.Column("id", sa.String(length=20), nullable=False),
        sa.Column("letter_id", sa.String(length=20), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("after_days", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("evidence_sha256", sa.String(length=64), nullable=False),
        sa.Column("checked_at", UtcDateTime(), nullable=True),
        sa.Column("checked_by", sa.String(length=200), nullable=True),
        sa.ForeignKeyConstraint(["letter_id"], ["letters.id"], name=op.f("fk_letter_rechecks_letter_id_letters")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_letter_rechecks")),
    )
    op.create_index(op.f("ix_letter_rechecks_letter_id"), "letter_rechecks", ["letter_id"], unique=False)
    op.create_index("ix_letter_rechecks_state_due_at", "letter_rechecks", ["state", "due_at"], unique=False)
    op.create_table(
        "letter_versions",
        sa.Column("id", sa.String(length=20), nullable=False),
        sa.Column("letter_id", sa.String(length=20), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("written_by", sa.String(length=200), nullable=False),
        sa.Column("writer", sa.String(length=200), nullable=False),
        sa.Column("origin", sa.String(length=10), nullable=False),
        sa.Column(
            "document", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=False
        ),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("upload_sha256", sa.String(length=64), nullable=True),
        sa.Column(
            "warnings", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=False
        ),
        sa.ForeignKeyConstraint(["letter_id"], ["letters.id"], name=op.f("fk_letter_versions_letter_id_letters")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_letter_versions")),
        sa.UniqueConstraint("letter_id", "number", name=op.f("uq_letter_versions_letter_id")),
    )
    op.create_index(op.f("ix_letter_versions_letter_id"), "letter_versions", ["letter_id"], unique=False)
    op.create_table(
        "mailings",
        sa.Column("id", sa.String(length=20), nullable=False),
        sa.Column("case_id", sa.String(length=20), nullable=False),
        sa.Column("regime", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("made_by", sa.String(length=200), nullable=False),
        sa.Column("file_sha256", sa.String(length=64), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("default_language", sa.String(length=8), nullable=False),
        sa.Column("per_minute", sa.Integer(), nullable=False),
        sa.Column("delete_after_days", sa.Integer(), nullable=False),
        sa.Column(
            "texts", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=False
        ),
        sa.Column(
            "given", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=False
        ),
        sa.Column("facts", sa.String(length=64), nullable=False),
        sa.Column("approved_at", UtcDateTime(), nullable=True),
        sa.Column("approved_by", sa.String(length=200), nullable=False),
        sa.Column("approved_by_id", sa.String(length=100), nullable=False),
        sa.Column("done_at", UtcDateTime(), nullable=True),
        sa.Column("delete_at", UtcDateTime(), nullable=True),
        sa.Column("deleted_at", UtcDateTime(), nullable=True),
        sa.Column("filing_id", sa.String(length=20), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_mailings_case_id_cases")),
        sa.ForeignKeyConstraint(
            ["filing_id"], ["notice_filings.id"], name=op.f("fk_mailings_filing_id_notice_filings")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mailings")),
    )
    op.create_index(op.f("ix_mailings_case_id"), "mailings", ["case_id"], unique=False)
    op.create_table(
        "mailing_recipients",
        sa.Column("id", sa.String(length=20), nullable=False),
        sa.Column("mailing_id", sa.String(length=20), nullable=False),
        sa.Column("person", sa.String(length=500), nullable=False),
        sa.Column("address", sa.String(length=320), nullable=False),
        sa.Column("name", sa.String(length=500), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("message_id", sa.String(length=200), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", UtcDateTime(), nullable=False),
        sa.Column("sent_at", UtcDateTime(), nullable=True),
        sa.Column("said", sa.String(length=300), nullable=False),
        sa.ForeignKeyConstraint(
            ["mailing_id"], ["mailings.id"], name=op.f("fk_mailing_recipients_mailing_id_mailings"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mailing_recipients")),
        sa.UniqueConstraint("mailing_id", "person", name="uq_mailing_recipients_person"),
        sa.UniqueConstraint("message_id", name=op.f("uq_mailing_recipients_message_id")),
    )
    op.create_index(
        "ix_mailing_recipients_next", "mailing_recipients", ["mailing_id", "state", "next_at"], unique=False
    )
    if op.get_bind().dialect.name == "sqlite":
        statements = [
            "CREATE TRIGGER case_events_no_update BEFORE UPDATE ON case_events BEGIN SELECT RAISE(ABORT, 'case_events is append-only'); END",
            "CREATE TRIGGER case_events_no_delete BEFORE DELETE ON case_events BEGIN SELECT RAISE(ABORT, 'case_events is append-only'); END",
            "CREATE TRIGGER case_field_changes_no_update BEFORE UPDATE ON case_field_changes BEGIN SELECT RAISE(ABORT, 'case_field_changes is append-only'); END",
            "CREATE TRIGGER case_field_changes_no_delete BEFORE DELETE ON case_field_changes BEGIN SELECT RAISE(ABORT, 'case_field_changes is append-only'); END",
            "CREATE TRIGGER case_figures_no_update BEFORE UPDATE ON case_figures BEGIN SELECT RAISE(ABORT, 'case_figures is append-only'); END",
            "CREATE TRIGGER case_figures_no_delete BEFORE DELETE ON case_figures BEGIN SELECT RAISE(ABORT, 'case_figures is append-only'); END",
            "CREATE TRIGGER case_severities_no_update BEFORE UPDATE ON case_severities BEGIN SELECT RAISE(ABORT, 'case_severities is append-only'); END",
            "CREATE TRIGGER case_severities_no_delete BEFORE DELETE ON case_severities BEGIN SELECT RAISE(ABORT, 'case_severities is append-only'); END",
            "CREATE TRIGGER case_notes_no_update BEFORE UPDATE ON case_notes BEGIN SELECT RAISE(ABORT, 'case_notes is append-only'); END",
            "CREATE TRIGGER case_notes_no_delete BEFORE DELETE ON case_notes BEGIN SELECT RAISE(ABORT, 'case_notes is append-only'); END",
            "CREATE TRIGGER claim_correlations_no_update BEFORE UPDATE ON claim_correlations BEGIN SELECT RAISE(ABORT, 'claim_correlations is append-only'); END",
            "CREATE TRIGGER claim_correlations_no_delete BEFORE DELETE ON claim_correlations BEGIN SELECT RAISE(ABORT, 'claim_correlations is append-only'); END",
            "CREATE TRIGGER claim_events_no_update BEFORE UPDATE ON claim_events BEGIN SELECT RAISE(ABORT, 'claim_events is append-only'); END",
            "CREATE TRIGGER claim_events_no_delete BEFORE DELETE ON claim_events BEGIN SELECT RAISE(ABORT, 'claim_events is append-only'); END",
            "CREATE TRIGGER notice_statements_no_update BEFORE UPDATE ON notice_statements BEGIN SELECT RAISE(ABORT, 'notice_statements is append-only'); END",
            "CREATE TRIGGER notice_statements_no_delete BEFORE DELETE ON notice_statements BEGIN SELECT RAISE(ABORT, 'notice_statements is append-only'); END",
            "CREATE TRIGGER notice_decisions_no_update BEFORE UPDATE ON notice_decisions BEGIN SELECT RAISE(ABORT, 'notice_decisions is append-only'); END",
            "CREATE TRIGGER notice_decisions_no_delete BEFORE DELETE ON notice_decisions BEGIN SELECT RAISE(ABORT, 'notice_decisions is append-only'); END",
            "CREATE TRIGGER notice_lateness_no_update BEFORE UPDATE ON notice_lateness BEGIN SELECT RAISE(ABORT, 'notice_lateness is append-only'); END",
            "CREATE TRIGGER notice_lateness_no_delete BEFORE DELETE ON notice_lateness BEGIN SELECT RAISE(ABORT, 'notice_lateness is append-only'); END",
            "CREATE TRIGGER notice_filings_no_update BEFORE UPDATE ON notice_filings BEGIN SELECT RAISE(ABORT, 'notice_filings is append-only'); END",
            "CREATE TRIGGER notice_filings_no_delete BEFORE DELETE ON notice_filings BEGIN SELECT RAISE(ABORT, 'notice_filings is append-only'); END",
            "CREATE TRIGGER notice_public_no_update BEFORE UPDATE ON notice_public BEGIN SELECT RAISE(ABORT, 'notice_public is append-only'); END",
            "CREATE TRIGGER notice_public_no_delete BEFORE DELETE ON notice_public BEGIN SELECT RAISE(ABORT, 'notice_public is append-only'); END",
            "CREATE TRIGGER letter_versions_no_update BEFORE UPDATE ON letter_versions BEGIN SELECT RAISE(ABORT, 'letter_versions is append-only'); END",
            "CREATE TRIGGER letter_versions_no_delete BEFORE DELETE ON letter_versions BEGIN SELECT RAISE(ABORT, 'letter_versions is append-only'); END",
            "CREATE TRIGGER letter_events_no_update BEFORE UPDATE ON letter_events BEGIN SELECT RAISE(ABORT, 'letter_events is append-only'); END",
            "CREATE TRIGGER letter_events_no_delete BEFORE DELETE ON letter_events BEGIN SELECT RAISE(ABORT, 'letter_events is append-only'); END",
            "CREATE TRIGGER reviews_no_update BEFORE UPDATE ON reviews BEGIN SELECT RAISE(ABORT, 'reviews is append-only'); END",
            "CREATE TRIGGER reviews_no_delete BEFORE DELETE ON reviews BEGIN SELECT RAISE(ABORT, 'reviews is append-only'); END",
            "CREATE TRIGGER decisions_no_update BEFORE UPDATE ON decisions BEGIN SELECT RAISE(ABORT, 'the trail of decisions is append-only'); END",
            "CREATE TRIGGER decisions_no_delete BEFORE DELETE ON decisions BEGIN SELECT RAISE(ABORT, 'the trail of decisions is append-only'); END",
        ]
    else:
        statements = [
            "CREATE FUNCTION case_events_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'case_events is append-only'; END $$",
            "CREATE TRIGGER case_events_no_change BEFORE UPDATE OR DELETE ON case_events FOR EACH ROW EXECUTE FUNCTION case_events_refuse()",
            "CREATE TRIGGER case_events_no_truncate BEFORE TRUNCATE ON case_events FOR EACH STATEMENT EXECUTE FUNCTION case_events_refuse()",
            "CREATE FUNCTION case_field_changes_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'case_field_changes is append-only'; END $$",
            "CREATE TRIGGER case_field_changes_no_change BEFORE UPDATE OR DELETE ON case_field_changes FOR EACH ROW EXECUTE FUNCTION case_field_changes_refuse()",
            "CREATE TRIGGER case_field_changes_no_truncate BEFORE TRUNCATE ON case_field_changes FOR EACH STATEMENT EXECUTE FUNCTION case_field_changes_refuse()",
            "CREATE FUNCTION case_figures_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'case_figures is append-only'; END $$",
            "CREATE TRIGGER case_figures_no_change BEFORE UPDATE OR DELETE ON case_figures FOR EACH ROW EXECUTE FUNCTION case_figures_refuse()",
            "CREATE TRIGGER case_figures_no_truncate BEFORE TRUNCATE ON case_figures FOR EACH STATEMENT EXECUTE FUNCTION case_figures_refuse()",
            "CREATE FUNCTION case_severities_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'case_severities is append-only'; END $$",
            "CREATE TRIGGER case_severities_no_change BEFORE UPDATE OR DELETE ON case_severities FOR EACH ROW EXECUTE FUNCTION case_severities_refuse()",
            "CREATE TRIGGER case_severities_no_truncate BEFORE TRUNCATE ON case_severities FOR EACH STATEMENT EXECUTE FUNCTION case_severities_refuse()",
            "CREATE FUNCTION case_notes_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'case_notes is append-only'; END $$",
            "CREATE TRIGGER case_notes_no_change BEFORE UPDATE OR DELETE ON case_notes FOR EACH ROW EXECUTE FUNCTION case_notes_refuse()",
            "CREATE TRIGGER case_notes_no_truncate BEFORE TRUNCATE ON case_notes FOR EACH STATEMENT EXECUTE FUNCTION case_notes_refuse()",
            "CREATE FUNCTION claim_correlations_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'claim_correlations is append-only'; END $$",
            "CREATE TRIGGER claim_correlations_no_change BEFORE UPDATE OR DELETE ON claim_correlations FOR EACH ROW EXECUTE FUNCTION claim_correlations_refuse()",
            "CREATE TRIGGER claim_correlations_no_truncate BEFORE TRUNCATE ON claim_correlations FOR EACH STATEMENT EXECUTE FUNCTION claim_correlations_refuse()",
            "CREATE FUNCTION claim_events_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'claim_events is append-only'; END $$",
            "CREATE TRIGGER claim_events_no_change BEFORE UPDATE OR DELETE ON claim_events FOR EACH ROW EXECUTE FUNCTION claim_events_refuse()",
            "CREATE TRIGGER claim_events_no_truncate BEFORE TRUNCATE ON claim_events FOR EACH STATEMENT EXECUTE FUNCTION claim_events_refuse()",
            "CREATE FUNCTION notice_statements_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'notice_statements is append-only'; END $$",
            "CREATE TRIGGER notice_statements_no_change BEFORE UPDATE OR DELETE ON notice_statements FOR EACH ROW EXECUTE FUNCTION notice_statements_refuse()",
            "CREATE TRIGGER notice_statements_no_truncate BEFORE TRUNCATE ON notice_statements FOR EACH STATEMENT EXECUTE FUNCTION notice_statements_refuse()",
            "CREATE FUNCTION notice_decisions_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'notice_decisions is append-only'; END $$",
            "CREATE TRIGGER notice_decisions_no_change BEFORE UPDATE OR DELETE ON notice_decisions FOR EACH ROW EXECUTE FUNCTION notice_decisions_refuse()",
            "CREATE TRIGGER notice_decisions_no_truncate BEFORE TRUNCATE ON notice_decisions FOR EACH STATEMENT EXECUTE FUNCTION notice_decisions_refuse()",
            "CREATE FUNCTION notice_lateness_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'notice_lateness is append-only'; END $$",
            "CREATE TRIGGER notice_lateness_no_change BEFORE UPDATE OR DELETE ON notice_lateness FOR EACH ROW EXECUTE FUNCTION notice_lateness_refuse()",
            "CREATE TRIGGER notice_lateness_no_truncate BEFORE TRUNCATE ON notice_lateness FOR EACH STATEMENT EXECUTE FUNCTION notice_lateness_refuse()",
            "CREATE FUNCTION notice_filings_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'notice_filings is append-only'; END $$",
            "CREATE TRIGGER notice_filings_no_change BEFORE UPDATE OR DELETE ON notice_filings FOR EACH ROW EXECUTE FUNCTION notice_filings_refuse()",
            "CREATE TRIGGER notice_filings_no_truncate BEFORE TRUNCATE ON notice_filings FOR EACH STATEMENT EXECUTE FUNCTION notice_filings_refuse()",
            "CREATE FUNCTION notice_public_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'notice_public is append-only'; END $$",
            "CREATE TRIGGER notice_public_no_change BEFORE UPDATE OR DELETE ON notice_public FOR EACH ROW EXECUTE FUNCTION notice_public_refuse()",
            "CREATE TRIGGER notice_public_no_truncate BEFORE TRUNCATE ON notice_public FOR EACH STATEMENT EXECUTE FUNCTION notice_public_refuse()",
            "CREATE FUNCTION letter_versions_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'letter_versions is append-only'; END $$",
            "CREATE TRIGGER letter_versions_no_change BEFORE UPDATE OR DELETE ON letter_versions FOR EACH ROW EXECUTE FUNCTION letter_versions_refuse()",
            "CREATE TRIGGER letter_versions_no_truncate BEFORE TRUNCATE ON letter_versions FOR EACH STATEMENT EXECUTE FUNCTION letter_versions_refuse()",
            "CREATE FUNCTION letter_events_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'letter_events is append-only'; END $$",
            "CREATE TRIGGER letter_events_no_change BEFORE UPDATE OR DELETE ON letter_events FOR EACH ROW EXECUTE FUNCTION letter_events_refuse()",
            "CREATE TRIGGER letter_events_no_truncate BEFORE TRUNCATE ON letter_events FOR EACH STATEMENT EXECUTE FUNCTION letter_events_refuse()",
            "CREATE FUNCTION reviews_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'reviews is append-only'; END $$",
            "CREATE TRIGGER reviews_no_change BEFORE UPDATE OR DELETE ON reviews FOR EACH ROW EXECUTE FUNCTION reviews_refuse()",
            "CREATE TRIGGER reviews_no_truncate BEFORE TRUNCATE ON reviews FOR EACH STATEMENT EXECUTE FUNCTION reviews_refuse()",
            "CREATE FUNCTION decisions_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'the trail of decisions is append-only'; END $$",
            "CREATE TRIGGER decisions_no_change BEFORE UPDATE OR DELETE ON decisions FOR EACH ROW EXECUTE FUNCTION decisions_refuse()",
            "CREATE TRIGGER decisions_no_truncate BEFORE TRUNCATE ON decisions FOR EACH STATEMENT EXECUTE FUNCTION decisions_refuse()",
        ]
    for statement in statements:
        op.execute(statement)


def downgrade() -> None:
    """There is nothing before."""
    raise NotImplementedError("there is no version before the first; restore a back-up instead")
