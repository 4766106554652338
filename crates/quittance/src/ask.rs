//! Asks the ledgers over gRPC and puts the answers together.

use anyhow::{Context as _, bail};
use contracts::query::v1::{
    GetHealthRequest, GetOrderRequest, ListOrdersRequest, OrderRecord, OrderSummary,
    ledger_query_client::LedgerQueryClient,
};
use tonic::{Code, transport::Channel};

/// Connects to one address.
async fn client(address: &str) -> anyhow::Result<LedgerQueryClient<Channel>> {
    LedgerQueryClient::connect(address.to_owned()).await.with_context(|| {
        format!(
            "nothing answers at {address}: is Quittance up? (`make demo`, or `make up`; --query names another address)"
        )
    })
}

/// Everything about one order, in the order the money moves.
///
/// # Errors
/// When nothing answers, or nobody knows the order.
pub async fn order(addresses: &[String], order: &str, shop: &str) -> anyhow::Result<Vec<OrderRecord>> {
    let mut records = Vec::new();
    let mut wanted = order.to_owned();
    for address in addresses {
        let request = GetOrderRequest { order: wanted.clone(), shop: shop.to_owned() };
        match client(address).await?.get_order(request).await {
            Ok(answer) => {
                let found = answer.into_inner().records;
                // The number is known to the service that took the order in; the others know the id.
                if let Some(first) = found.first() {
                    wanted.clone_from(&first.order_id);
                }
                records.extend(found);
            }
            Err(status) if status.code() == Code::NotFound => {}
            Err(status) => bail!("{address}: {}", status.message()),
        }
    }
    if records.is_empty() {
        bail!("no order `{order}`: give an order id, or the number as the shop has it; `quittance orders` lists them");
    }
    Ok(records)
}

/// The newest orders.
///
/// # Errors
/// When nothing answers.
pub async fn orders(addresses: &[String], limit: i32, unfinished_only: bool) -> anyhow::Result<Vec<OrderSummary>> {
    let mut merged: Vec<OrderSummary> = Vec::new();
    for address in addresses {
        let request = ListOrdersRequest { page_size: limit, before: String::new(), unfinished_only: false };
        let answer = client(address)
            .await?
            .list_orders(request)
            .await
            .map_err(|status| anyhow::anyhow!("{address}: {}", status.message()))?;
        for summary in answer.into_inner().orders {
            match merged.iter_mut().find(|known| known.order_id == summary.order_id) {
                Some(known) => runtime::query::merge(known, summary),
                None => merged.push(summary),
            }
        }
    }
    merged.sort_by(|a, b| b.order_id.cmp(&a.order_id));
    merged.retain(|summary| !(unfinished_only && runtime::query::is_final(&summary.state)));
    merged.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(merged)
}

/// Whether every ledger is at rest: nothing to send, nothing due.
///
/// # Errors
/// When nothing answers.
pub async fn are_at_rest(addresses: &[String]) -> anyhow::Result<bool> {
    for address in addresses {
        let answer = client(address).await?.get_health(GetHealthRequest {}).await?.into_inner();
        if answer.ledgers.iter().any(|ledger| ledger.outbox > 0 || ledger.effects_due > 0) {
            return Ok(false);
        }
    }
    Ok(true)
}
