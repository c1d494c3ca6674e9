"""What every page shares: which blueprints there are, how pages are dressed, guarded by headers, and refused."""

from flask import Flask

from healthberry.blueprints import (
    attachments,
    audit,
    careconnect,
    channels,
    codes,
    concerns,
    confirm,
    conversation,
    copies,
    coverage,
    erasing,
    headers,
    health,
    hooks,
    imports,
    inbox,
    keeping,
    limits,
    linking,
    looks,
    metrics,
    noise,
    operator,
    operator_step,
    own_sign_in,
    passkeys,
    people,
    public,
    refusals,
    reply,
    reply_link,
    requests,
    rows,
    second_step,
    session,
    settings,
    signup,
    stream,
    tracing,
    unsubscribe,
    welcome,
    writing_down,
)


def register_blueprints(app: Flask) -> None:
    """Register every blueprint (the only list of them), then looks, headers and refusals."""
    for module in (
        public,
        health,
        metrics,
        operator,
        operator_step,
        hooks,
        signup,
        codes,
        session,
        second_step,
        confirm,
        welcome,
        inbox,
        conversation,
        copies,
        noise,
        reply,
        reply_link,
        stream,
        unsubscribe,
        channels,
        coverage,
        linking,
        writing_down,
        imports,
        people,
        settings,
        own_sign_in,
        passkeys,
        keeping,
        erasing,
        requests,
        concerns,
        audit,
        careconnect,
        attachments,
    ):
        app.register_blueprint(module.blueprint)
    tracing.install(app)
    looks.install(app)
    rows.install(app)
    headers.install(app)
    limits.install(app)
    refusals.install(app)
