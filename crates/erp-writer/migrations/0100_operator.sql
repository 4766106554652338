-- Who may log on to SYSPRO as which operator right now. A second logon by the same operator ends the first one's session,
-- so a logon without a lease would break another replica's call half way. One row per operator of a pair; the epoch tells
-- a lease from the one before it. Times are the database's: replicas' clocks need not agree.
create table operator (
    pair   text        not null,
    name   text        not null,
    holder text,
    until  timestamptz,
    epoch  bigint      not null default 0,
    primary key (pair, name)
);
