use std::net::IpAddr;

use glame_core::access::{RequestOrigin, cut_user_agent};
use glame_core::values::PlainText;
use poem::Request;
use poem::http::header::USER_AGENT;

use super::RequestId;

/// Gives the address of the client.
///
/// Behind `proxies` of our own, each of which adds the address that it sees to `X-Forwarded-For`,
/// it is the one that the outermost of them has added; what stands before it is the client's word.
/// Where that is missing or no address, whoever is connected counts.
pub(crate) fn client_address(request: &Request, proxies: u8) -> Option<IpAddr> {
    let peer = request.remote_addr().as_socket_addr()?.ip();
    let Some(skipped) = usize::from(proxies).checked_sub(1) else {
        return Some(peer);
    };
    let forwarded = request
        .headers()
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .collect::<Vec<_>>();
    let told = forwarded.iter().rev().nth(skipped);
    told.and_then(|told| told.trim().parse().ok())
        .or(Some(peer))
}

/// Gives where a request comes from, as the audit log keeps it.
pub(crate) fn origin_of(request: &Request, proxies: u8) -> RequestOrigin {
    let agent = request.headers().get(USER_AGENT);
    RequestOrigin {
        address: client_address(request, proxies),
        request_id: request
            .data::<RequestId>()
            .and_then(|id| PlainText::clean(&id.to_string())),
        user_agent: agent
            .and_then(|agent| agent.to_str().ok())
            .and_then(cut_user_agent),
    }
}
