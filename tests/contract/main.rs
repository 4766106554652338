//! Everything produced can be read by everyone who consumes it. Orders of every kind run through the whole cluster over
//! the twins; every message that any service handed to the broker is then read by every service.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use bus::OutMessage;
use contracts::{
    Contract as _, MessageKind, Role, envelope::Envelope, kinds, order::v1::StartOrder, personal, subjects,
};
use prost::Message as _;
use sandbox::{
    WorldName,
    faults::{FaultKind, FaultRule},
};
use system_tests::{
    Cluster, Name, check,
    cluster::{ALL, Drill},
    orders::{self, Story},
    tap::header,
};

/// In the cluster's own time.
const LIMIT: Duration = Duration::from_secs(3600);

/// What befalls an order, and where it ends then.
struct Chapter {
    story: Story,
    card: Option<&'static str>,
    faults: Vec<(WorldName, &'static str, FaultKind)>,
    ends: &'static str,
}

fn chapters() -> Vec<Chapter> {
    use FaultKind::{ErrorBefore, Hang};
    use WorldName::{Erp, Gateway};
    let told = |story: Story, ends| Chapter { story, card: None, faults: Vec::new(), ends };
    let good = |faults: &[(WorldName, &'static str, FaultKind)], ends| Chapter {
        faults: faults.to_vec(),
        ..told(Story::Good, ends)
    };
    vec![
        told(Story::Good, "completed"),
        told(Story::Declined, "declined"),
        told(Story::Short, "refused"),
        told(Story::Refused, "cancelled"),
        Chapter { card: Some("visa_review"), ..told(Story::Good, "under_review") },
        good(&[(Gateway, "authorize", Hang)], "waiting"),
        good(&[(Erp, "AddSalesOrder", Hang)], "waiting"),
        good(&[(Erp, "UpdateSalesOrder", ErrorBefore(422))], "parked"),
        good(&[(Gateway, "capture", ErrorBefore(400))], "cancelled"),
        good(&[(Gateway, "capture", ErrorBefore(400)), (Erp, "UpdateSalesOrder", ErrorBefore(422))], "parked"),
        good(&[(Erp, "AddSalesOrder", ErrorBefore(422)), (Gateway, "reverse", ErrorBefore(400))], "parked"),
    ]
}

async fn play(cluster: &Cluster) {
    for (number, chapter) in chapters().into_iter().enumerate() {
        cluster.sandbox.clear_faults();
        cluster.prepare();
        for (world, operation, kind) in chapter.faults {
            cluster.sandbox.add_fault(FaultRule::always(world, operation, kind));
        }
        let mut order = orders::order(&cluster.sandbox, &format!("{number}"), chapter.story);
        if let Some(card) = chapter.card {
            order["payment"]["token"] = cluster.sandbox.mint_token(card).expect("a test card").jwt.into();
        }
        let answer = cluster.post(&order).await.expect("the intake is alive");
        let summary = check::rests(cluster, &answer.id(), LIMIT).await;
        assert_eq!(summary.state, chapter.ends, "order {number}: {}", summary.reason);
        testkit::within(LIMIT, "all is quiet", async || cluster.is_quiet().await.then_some(())).await;
    }
}

/// Everything that was handed to the broker while every kind of order ran.
fn produced<T>(judge: impl FnOnce(&Cluster, &[OutMessage]) -> T) -> T {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime");
    runtime.block_on(async {
        let cluster = Cluster::twins(5, Drill::long()).await;
        play(&cluster).await;
        judge(&cluster, &cluster.tap.messages())
    })
}

/// A message as a consumer opens it.
fn opened(message: &OutMessage) -> runtime::Inbound {
    let headers: BTreeMap<_, _> = message.headers.iter().cloned().collect();
    let envelope = Envelope::read(&headers).unwrap_or_else(|error| panic!("{}: {error}", message.subject));
    let kind = kinds::by_type(&envelope.ce_type).unwrap_or_else(|| panic!("`{}` is in no table", envelope.ce_type));
    assert!(envelope.shape <= kind.shape, "`{}` is newer than its own producer", envelope.ce_type);
    let pair = subjects::pair_of(&message.subject).expect("a pair in the subject");
    assert_eq!(subjects::subject(&pair, kind), message.subject);
    runtime::Inbound { envelope, kind, pair, payload: message.payload.clone() }
}

fn listens(name: Name) -> &'static [&'static MessageKind] {
    match name {
        Name::Ingest => ingest_gateway::LISTENS,
        Name::Payment => payment_svc::LISTENS,
        Name::Erp => erp_writer::LISTENS,
    }
}

fn is_in(kind: &MessageKind, list: &[&MessageKind]) -> bool {
    list.iter().any(|one| one.ce_type == kind.ce_type)
}

/// What the orders of this file do not bring about: it takes silence, another card, a hold near its end or a stranger's
/// payment. Their bytes are pinned beside the contracts; a kind that leaves this list must be seen above.
const OF_NO_ORDER_HERE: [&str; 6] = [
    "otc.order.v1.AddPayment",
    "otc.order.v1.OrderUnpaid",
    "otc.order.v1.OrderHoldEnding",
    "otc.payment.v1.PaymentVoided",
    "otc.payment.v1.PaymentRefunded",
    "otc.payment.v1.PaymentOrphanFound",
];

#[test]
fn everything_produced_is_read_by_everyone_who_listens() {
    let seen = produced(|cluster, messages| {
        let mut seen = BTreeSet::new();
        for message in messages {
            let inbound = opened(message);
            for name in ALL {
                let read = cluster.read(name, &inbound);
                let read = read.unwrap_or_else(|why| panic!("{} of {}: {why}", inbound.kind.ce_type, name.as_str()));
                let is_meant = is_in(inbound.kind, listens(name));
                assert_eq!(read != "ignored", is_meant, "{} makes {read} of {}", name.as_str(), inbound.kind.ce_type);
            }
            seen.insert(inbound.kind.ce_type);
        }
        seen
    });
    let missing: Vec<_> =
        kinds::ALL.iter().map(|kind| kind.ce_type).filter(|ce_type| !seen.contains(ce_type)).collect();
    let missing: Vec<_> = missing.into_iter().filter(|ce_type| !OF_NO_ORDER_HERE.contains(ce_type)).collect();
    let stale: Vec<_> = OF_NO_ORDER_HERE.into_iter().filter(|ce_type| seen.contains(ce_type)).collect();
    assert!(stale.is_empty(), "seen after all, so no exception: {stale:?}");
    assert!(missing.is_empty(), "no order made anybody produce {missing:?}: who does?");
}

#[test]
fn every_command_has_one_listener_and_no_event_has_two() {
    for kind in kinds::ALL {
        let listeners = ALL.into_iter().filter(|name| is_in(kind, listens(*name))).count();
        match kind.role {
            Role::Command => assert_eq!(listeners, 1, "{}", kind.ce_type),
            Role::Event => assert!(listeners <= 1, "{}", kind.ce_type),
        }
    }
}

#[test]
fn the_public_events_of_a_stream_are_counted_without_a_gap() {
    produced(|_, messages| {
        let mut counted: BTreeMap<String, BTreeSet<i64>> = BTreeMap::new();
        for message in messages {
            let inbound = opened(message);
            let n = inbound.envelope.n;
            assert_eq!(n == 0, inbound.kind.role == Role::Command, "{}", inbound.kind.ce_type);
            if n > 0 {
                counted.entry(inbound.envelope.stream.to_string()).or_default().insert(n);
            }
        }
        for (stream, numbers) in counted {
            let dense: BTreeSet<i64> = (1..=i64::try_from(numbers.len()).expect("few")).collect();
            assert_eq!(numbers, dense, "{stream}");
        }
    });
}

#[test]
fn no_event_tells_of_a_person_and_no_message_holds_a_secret() {
    produced(|_, messages| {
        let mut boxes = BTreeSet::new();
        for message in messages {
            let inbound = opened(message);
            if inbound.kind.ce_type == StartOrder::KIND.ce_type {
                let order = StartOrder::decode(inbound.payload).expect("a command").order.expect("an order");
                let sealed = order.personal.expect("something personal");
                assert!(!sealed.wrapped_key.is_empty(), "the receiver could not open it");
                boxes.extend([sealed.wrapped_key, sealed.ciphertext]);
            }
        }
        assert!(boxes.len() >= 2);
        for message in messages {
            let inbound = opened(message);
            let holds = |needle: &[u8]| message.payload.windows(needle.len()).any(|window| window == needle);
            for open in
                ["ada@example.test", "Ada", "Test Way", "10115", "5550100", "198.51.100.7", "4111111111111111", "eyJ"]
            {
                assert!(!holds(open.as_bytes()), "{} says `{open}`", inbound.kind.ce_type);
            }
            if inbound.kind.role == Role::Event {
                assert_eq!(personal::subject(inbound.kind, &inbound.payload), None, "{}", inbound.kind.ce_type);
                assert!(boxes.iter().all(|sealed| !holds(sealed)), "{} carries sealed data", inbound.kind.ce_type);
            }
            assert!(header(message, "ce-source").starts_with("/quittance/demo/"));
        }
    });
}

/// Whether a message type holds one that is called `wanted`, at any depth.
fn reaches(types: &BTreeMap<String, Vec<String>>, from: &str, wanted: &str, seen: &mut BTreeSet<String>) -> bool {
    from == wanted
        || (seen.insert(from.to_owned())
            && types.get(from).is_some_and(|fields| fields.iter().any(|field| reaches(types, field, wanted, seen))))
}

#[test]
fn no_event_has_room_for_sealed_data() {
    let set = prost_types::FileDescriptorSet::decode(contracts::DESCRIPTORS).expect("descriptors");
    let types: BTreeMap<String, Vec<String>> = set
        .file
        .iter()
        .flat_map(|file| file.message_type.iter().map(move |message| (file.package(), message)))
        .map(|(package, message)| {
            let fields = message.field.iter().map(|field| field.type_name().trim_start_matches('.').to_owned());
            (format!("{package}.{}", message.name()), fields.collect())
        })
        .collect();
    for kind in kinds::ALL {
        assert!(types.contains_key(kind.ce_type), "{} is in no proto", kind.ce_type);
        let carries = reaches(&types, kind.ce_type, "otc.type.v1.Sealed", &mut BTreeSet::new());
        let may = kind.role == Role::Command
            && ["StartOrder", "AddPayment", "ScreenOrder", "PlaceOrder"]
                .iter()
                .any(|name| kind.ce_type.ends_with(name));
        assert_eq!(carries, may, "{}", kind.ce_type);
    }
}
