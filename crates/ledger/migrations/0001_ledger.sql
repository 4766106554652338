-- The ledger: what one service knows, and what it owes the world. Every table is keyed by the stream first (its id is
-- a UUID that begins with a time), so that new rows append to their indexes instead of scattering.

-- The head of every stream, and the lock that serialises its writers: an append names the head it saw. A parked stream
-- takes nothing until a person has looked.
create table stream (
    stream_id  uuid        primary key,
    pair       text        not null,
    kind       text        not null,
    version    bigint      not null check (version > 0),
    n          bigint      not null,
    head_hash  bytea       not null,
    parked_at  timestamptz,
    parked_why text
) with (fillfactor = 80);

create index stream_parked on stream (stream_id) where parked_at is not null;

-- What has happened. Never changed, never deleted: the hash of an event covers its predecessor, and a trigger says no
-- before the hash has to. `at` is the writing service's own time; there is no global order.
create table event (
    stream_id uuid        not null,
    version   bigint      not null,
    kind      text        not null,
    shape     smallint    not null,
    at        timestamptz not null,
    meta      bytea       not null,
    body      bytea       not null,
    n         bigint,
    hash      bytea       not null,
    primary key (stream_id, version)
);

-- For telling a lost broker again what it was told: the public events of some days, oldest first.
create index event_public_at on event (at, stream_id, version) where n is not null;

-- Which messages each stream has handled, so that one that comes twice is handled once.
create table inbox (
    stream_id  uuid        not null,
    message_id text        not null,
    seen_at    timestamptz not null,
    primary key (stream_id, message_id)
);

-- Messages that the broker has not acknowledged. Without a body a row points at its event. Rows live for milliseconds:
-- the table stays small only if dead rows go quickly, hence its own settings.
create table outbox (
    stream_id uuid        not null,
    version   bigint      not null,
    ordinal   smallint    not null,
    pair      text        not null,
    subject   text        not null,
    body      bytea,
    asked     integer     not null,
    since     timestamptz not null,
    primary key (stream_id, version, ordinal)
) with (
    fillfactor = 70, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000,
    autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 5000, autovacuum_vacuum_cost_delay = 0
);

-- Wishes to the outside, timers and questions: one row is one attempt. `sent` is written before anything leaves; the
-- epoch is the fence of whoever holds the row until its lease ends.
create table effect (
    stream_id  uuid        not null,
    version    bigint      not null,
    ordinal    smallint    not null,
    pair       text        not null,
    kind       text        not null,
    state      text        not null check (state in ('ready', 'sent', 'unknown', 'done', 'parked')),
    due_at     timestamptz not null,
    tries      integer     not null default 0,
    epoch      bigint      not null default 0,
    holder     text,
    until      timestamptz,
    reference  text        unique,
    operator   text,
    request    bytea       not null,
    sent_at    timestamptz,
    dead_after timestamptz,
    outcome    bytea,
    primary key (stream_id, version, ordinal)
) with (
    fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 2000,
    autovacuum_vacuum_cost_delay = 0
);

-- Only rows that something may still be done with by itself.
create index effect_due on effect (due_at) where state in ('ready', 'sent');
-- Rows that wait for an answer to "what became of it?".
create index effect_unknown on effect (due_at) where state = 'unknown';

-- Every answer, webhook and report line about an effect, kept also when its worker had lost the lease: what was seen
-- outside is true whoever saw it.
create table evidence (
    stream_id uuid        not null,
    version   bigint      not null,
    ordinal   smallint    not null,
    source    text        not null,
    body_hash bytea       not null,
    epoch     bigint      not null,
    seen_at   timestamptz not null,
    body      bytea       not null,
    primary key (stream_id, version, ordinal, source, body_hash)
);

-- Names from outside that lead to a stream: order numbers, idempotency keys, merchant references. The one home of
-- random keys.
create table natural_key (
    pair      text not null,
    kind      text not null,
    key       text not null,
    stream_id uuid not null,
    primary key (pair, kind, key)
);

-- Messages that could not be handled, and how often. A person retries, edits or skips them.
create table dead_letter (
    id           uuid    primary key,
    pair         text,
    origin       text    not null,
    message_id   text    not null,
    why          text    not null,
    class        text    not null,
    body         bytea   not null,
    failures     integer not null,
    stream_id    uuid,
    resolved_by  text,
    resolved_why text,
    unique (origin, message_id)
);

-- Every bundle of documents a saga here was started under, by hash.
create table document (
    hash bytea primary key,
    body bytea not null
);

-- The wrapped key of each person. Nulling it erases the person; the row stays, so that nothing late restores it.
create table subject_key (
    subject   uuid        primary key,
    wrapped   bytea,
    erased_at timestamptz
);

-- What the broker last acknowledged, so that a wiped or rolled-back broker is noticed.
create table bus_seen (
    bus_stream text        primary key,
    created    timestamptz not null,
    last_seq   bigint      not null,
    last_id    text        not null,
    checked_at timestamptz not null
);

create function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '% is append-only', tg_table_name using errcode = 'insufficient_privilege';
end
$$;

create trigger event_is_append_only before update or delete or truncate on event
    for each statement execute function refuse_change();
create trigger evidence_is_append_only before update or delete or truncate on evidence
    for each statement execute function refuse_change();
