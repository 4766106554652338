//! The ports over the node's HTTP.

use std::time::Duration;

use ids::{OrderId, Pair};
use ingest_domain::intake::ShopNews;
use node::{Limits, Node};

use crate::{
    callback,
    config::Settings,
    error::CallbackError,
    ports::{PortFuture, ShopEar},
};

/// What we read of a shop's answer: it should say nothing.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// Calls shops over HTTP.
pub(crate) struct HttpShopEar<'s> {
    pub(crate) node: &'s Node,
    pub(crate) settings: &'s Settings,
}

impl ShopEar for HttpShopEar<'_> {
    fn tell<'a>(
        &'a self,
        pair: &'a Pair,
        order: OrderId,
        news: &'a ShopNews,
    ) -> PortFuture<'a, Result<u16, CallbackError>> {
        Box::pin(async move {
            let shop = self.settings.shops.get(&news.shop).filter(|shop| shop.pair == *pair);
            let target = shop.and_then(|shop| shop.callback.as_ref()).ok_or(CallbackError::NoTarget)?;
            let request = callback::request(&target.uri, &target.secret, order, news, self.node.now());
            let request = request.map_err(|error| CallbackError::Unsendable(error.to_string()))?;
            let limits = Limits { total: self.limit(), body_bytes_max: ANSWER_BYTES_MAX };
            let answer = self.node.http(request, limits).await?;
            match answer.status().as_u16() {
                status @ 200..=299 => Ok(status),
                410 => Err(CallbackError::Gone),
                status => Err(CallbackError::Status(status)),
            }
        })
    }
}

impl HttpShopEar<'_> {
    fn limit(&self) -> Duration {
        self.settings.callback_limit
    }
}
