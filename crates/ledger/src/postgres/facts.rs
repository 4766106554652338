//! What is stored about the things a refused group touches, so that each member hears its own reason.

use std::collections::{BTreeMap, BTreeSet};

use ids::StreamId;
use sqlx::{PgConnection, Row, postgres::PgRow};

use crate::{
    postgres::rows::{IdArrays, hash, pair, row_id, state, stream},
    prepare::Prepared,
    types::{EffectState, Head, InboxRow, KeyClaim, RowId},
    verdict::Facts,
};

/// The facts about one group.
#[derive(Default)]
pub(super) struct Stored {
    seen: BTreeSet<InboxRow>,
    owners: BTreeMap<(String, String, String), StreamId>,
    heads: BTreeMap<StreamId, (Head, bool)>,
    effects: BTreeMap<RowId, (EffectState, i64)>,
    references: BTreeSet<String>,
}

impl Facts for Stored {
    fn is_seen(&self, row: &InboxRow) -> bool {
        self.seen.contains(row)
    }

    fn owner(&self, claim: &KeyClaim) -> Option<StreamId> {
        self.owners.get(&(claim.pair.as_str().to_owned(), claim.kind.clone(), claim.key.clone())).copied()
    }

    fn head(&self, stream: StreamId) -> Option<(Head, bool)> {
        self.heads.get(&stream).copied()
    }

    fn effect(&self, id: RowId) -> Option<(EffectState, i64)> {
        self.effects.get(&id).copied()
    }

    fn has_reference(&self, reference: &str) -> bool {
        self.references.contains(reference)
    }
}

fn collect<T, C: FromIterator<T>>(
    rows: &[PgRow],
    read: impl Fn(&PgRow) -> Result<T, sqlx::Error>,
) -> Result<C, sqlx::Error> {
    rows.iter().map(read).collect()
}

impl Stored {
    /// Reads them.
    pub(super) async fn about(group: &[&Prepared], connection: &mut PgConnection) -> Result<Self, sqlx::Error> {
        Ok(Self {
            seen: Self::read_seen(group, connection).await?,
            owners: Self::read_owners(group, connection).await?,
            heads: Self::read_heads(group, connection).await?,
            effects: Self::read_effects(group, connection).await?,
            references: Self::read_references(group, connection).await?,
        })
    }

    async fn read_seen(group: &[&Prepared], connection: &mut PgConnection) -> Result<BTreeSet<InboxRow>, sqlx::Error> {
        let rows: Vec<_> = group.iter().filter_map(|member| member.commit.inbox.as_ref()).collect();
        let found = sqlx::query(
            "select i.stream_id, i.message_id from unnest($1::uuid[], $2::text[]) as u(s, m)
             join inbox i on i.stream_id = u.s and i.message_id = u.m",
        )
        .bind(rows.iter().map(|row| row.stream.0).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.message_id.as_str()).collect::<Vec<_>>())
        .fetch_all(connection)
        .await?;
        collect(&found, |row| Ok(InboxRow { stream: stream(row, 0)?, message_id: row.try_get(1)? }))
    }

    async fn read_owners(
        group: &[&Prepared],
        connection: &mut PgConnection,
    ) -> Result<BTreeMap<(String, String, String), StreamId>, sqlx::Error> {
        let keys: Vec<_> = group.iter().flat_map(|member| &member.commit.keys).collect();
        let found = sqlx::query(
            "select k.pair, k.kind, k.key, k.stream_id from unnest($1::text[], $2::text[], $3::text[]) as u(p, n, k)
             join natural_key k on k.pair = u.p and k.kind = u.n and k.key = u.k",
        )
        .bind(keys.iter().map(|key| key.pair.as_str()).collect::<Vec<_>>())
        .bind(keys.iter().map(|key| key.kind.as_str()).collect::<Vec<_>>())
        .bind(keys.iter().map(|key| key.key.as_str()).collect::<Vec<_>>())
        .fetch_all(connection)
        .await?;
        collect(&found, |row| {
            Ok(((pair(row, 0)?.as_str().to_owned(), row.try_get(1)?, row.try_get(2)?), stream(row, 3)?))
        })
    }

    async fn read_heads(
        group: &[&Prepared],
        connection: &mut PgConnection,
    ) -> Result<BTreeMap<StreamId, (Head, bool)>, sqlx::Error> {
        let streams = group.iter().flat_map(|member| member.commit.appends.iter().map(|append| append.stream.0));
        let found = sqlx::query(
            "select stream_id, version, n, head_hash, parked_at is not null from stream where stream_id = any($1)",
        )
        .bind(streams.collect::<Vec<_>>())
        .fetch_all(connection)
        .await?;
        collect(&found, |row| {
            let head = Head { version: row.try_get(1)?, n: row.try_get(2)?, hash: hash(row, 3)? };
            Ok((stream(row, 0)?, (head, row.try_get(4)?)))
        })
    }

    async fn read_effects(
        group: &[&Prepared],
        connection: &mut PgConnection,
    ) -> Result<BTreeMap<RowId, (EffectState, i64)>, sqlx::Error> {
        let finishes = group.iter().filter_map(|member| member.commit.finish.as_ref().map(|finish| finish.id));
        let announces = group.iter().filter_map(|member| member.commit.announce.map(|(id, _, _)| id));
        let IdArrays { streams, versions, ordinals } = finishes.chain(announces).collect();
        let found = sqlx::query(
            "select e.stream_id, e.version, e.ordinal, e.state, e.epoch
             from unnest($1::uuid[], $2::int8[], $3::int2[]) as u(s, v, o)
             join effect e on e.stream_id = u.s and e.version = u.v and e.ordinal = u.o",
        )
        .bind(streams)
        .bind(versions)
        .bind(ordinals)
        .fetch_all(connection)
        .await?;
        collect(&found, |row| Ok((row_id(row, 0)?, (state(row, 3)?, row.try_get(4)?))))
    }

    async fn read_references(
        group: &[&Prepared],
        connection: &mut PgConnection,
    ) -> Result<BTreeSet<String>, sqlx::Error> {
        let names = group.iter().flat_map(|member| member.commit.effects.iter().filter_map(|e| e.reference.as_deref()));
        let found = sqlx::query("select reference from effect where reference = any($1)")
            .bind(names.collect::<Vec<_>>())
            .fetch_all(connection)
            .await?;
        collect(&found, |row| row.try_get(0))
    }
}

/// Whether a commit whose `COMMIT` was never answered went through. Its events tell by their hashes; without events, the
/// effect row that only its holder may change. A commit that has neither is run again: it says the same thing twice.
pub(super) async fn went_through(member: &Prepared, connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    if !member.heads.is_empty() {
        let found = sqlx::query(
            "select count(*) from unnest($1::uuid[], $2::int8[], $3::bytea[]) as u(s, v, h)
             join event e on e.stream_id = u.s and e.version = u.v and e.hash = u.h",
        )
        .bind(member.heads.iter().map(|(stream, _)| stream.0).collect::<Vec<_>>())
        .bind(member.heads.iter().map(|(_, head)| head.version).collect::<Vec<_>>())
        .bind(member.heads.iter().map(|(_, head)| head.hash.as_slice()).collect::<Vec<_>>())
        .fetch_one(connection)
        .await?;
        return Ok(usize::try_from(found.try_get::<i64, _>(0)?).is_ok_and(|found| found == member.heads.len()));
    }
    let (id, epoch, word, is_free) = match (&member.commit.finish, &member.commit.announce) {
        (Some(finish), _) => (finish.id, finish.epoch, super::statement::becomes(finish.to).0, true),
        (None, Some((id, epoch, _))) => (*id, *epoch, EffectState::Sent, false),
        (None, None) => return Ok(false),
    };
    // A claim sets the holder and a finish clears it: under our epoch, cleared means that our finish is in.
    let found = sqlx::query(
        "select 1 from effect where stream_id = $1 and version = $2 and ordinal = $3 and epoch = $4 and state = $5
         and (not $6 or holder is null)",
    )
    .bind(id.stream.0)
    .bind(id.version)
    .bind(id.ordinal)
    .bind(epoch)
    .bind(word.as_str())
    .bind(is_free)
    .fetch_optional(connection)
    .await?;
    Ok(found.is_some())
}
