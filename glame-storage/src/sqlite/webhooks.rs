use async_trait::async_trait;
use chrono::{DateTime, Utc};
use glame_core::ports::{
    ClaimedDelivery, DeliveryClaim, DeliveryMark, ReplayScope, StorageError, WebhookReader,
    WebhookWriter,
};
use glame_core::values::{ClaimToken, PlainText, WebhookEndpointId, WebhookEventId};
use glame_core::webhooks::{
    AttemptResult, Delivery, DeliveryState, EventType, OutboxEvent, WebhookEndpoint,
};

use super::lists::{hex, json_rows};
use super::{SqliteStorage, SqliteWork};
use crate::rows::{
    ClaimedRow, DeliveryRow, EndpointRow, EventRow, NewEventRow, mark_before, names_of,
};
use crate::tables::{WEBHOOK_DELIVERIES, WEBHOOK_ENDPOINTS, WEBHOOK_EVENTS};

#[async_trait]
impl WebhookReader for SqliteStorage {
    async fn webhook_endpoints(&self) -> Result<Vec<WebhookEndpoint>, StorageError> {
        let rows = sqlx::query_as!(
            EndpointRow,
            "SELECT endpoint, url, description, event_types, secret, previous_secret,
                    previous_valid_until, state, failing_since, version, created_at, updated_at
             FROM webhook_endpoints ORDER BY created_at, endpoint -- sqlite",
        )
        .fetch_all(&self.readers)
        .await
        .map_err(WEBHOOK_ENDPOINTS.reading())?;
        rows.into_iter().map(WebhookEndpoint::try_from).collect()
    }

    async fn webhook_endpoint(
        &self,
        id: WebhookEndpointId,
    ) -> Result<Option<WebhookEndpoint>, StorageError> {
        let row = sqlx::query_as!(
            EndpointRow,
            "SELECT endpoint, url, description, event_types, secret, previous_secret,
                    previous_valid_until, state, failing_since, version, created_at, updated_at
             FROM webhook_endpoints WHERE endpoint = ?1",
            id.as_uuid(),
        )
        .fetch_optional(&self.readers)
        .await
        .map_err(WEBHOOK_ENDPOINTS.reading())?;
        row.map(WebhookEndpoint::try_from).transpose()
    }

    async fn webhook_event(&self, id: WebhookEventId) -> Result<Option<OutboxEvent>, StorageError> {
        let row = sqlx::query_as!(
            EventRow,
            "SELECT event, event_type, occurred_at, payload FROM webhook_events WHERE event = ?1",
            id.as_uuid(),
        )
        .fetch_optional(&self.readers)
        .await
        .map_err(WEBHOOK_EVENTS.reading())?;
        row.map(OutboxEvent::try_from).transpose()
    }

    async fn webhook_delivery(
        &self,
        endpoint: WebhookEndpointId,
        event: WebhookEventId,
    ) -> Result<Option<Delivery>, StorageError> {
        let row = sqlx::query_as!(
            DeliveryRow,
            "SELECT endpoint, event, event_type, state, attempts, next_attempt_at, last_attempt_at,
                    last_result, created_at
             FROM webhook_deliveries WHERE endpoint = ?1 AND event = ?2",
            endpoint.as_uuid(),
            event.as_uuid(),
        )
        .fetch_optional(&self.readers)
        .await
        .map_err(WEBHOOK_DELIVERIES.reading())?;
        row.map(Delivery::try_from).transpose()
    }

    async fn webhook_deliveries(
        &self,
        endpoint: WebhookEndpointId,
        state: Option<DeliveryState>,
        before: Option<DeliveryMark>,
        limit: u32,
    ) -> Result<Vec<Delivery>, StorageError> {
        let before = mark_before(before);
        let rows = sqlx::query_as!(
            DeliveryRow,
            "SELECT endpoint, event, event_type, state, attempts, next_attempt_at, last_attempt_at,
                    last_result, created_at
             FROM webhook_deliveries
             WHERE endpoint = ?1 AND (created_at, event) < (?2, ?3)
               AND (?4 IS NULL OR state = ?4)
             ORDER BY created_at DESC, event DESC LIMIT ?5",
            endpoint.as_uuid(),
            before.at.timestamp_micros(),
            before.event.as_uuid(),
            state.map(DeliveryState::as_str),
            limit,
        )
        .fetch_all(&self.readers)
        .await
        .map_err(WEBHOOK_DELIVERIES.reading())?;
        rows.into_iter().map(Delivery::try_from).collect()
    }

    async fn dead_letters(
        &self,
        before: Option<DeliveryMark>,
        limit: u32,
    ) -> Result<Vec<Delivery>, StorageError> {
        let before = mark_before(before);
        let rows = sqlx::query_as!(
            DeliveryRow,
            "SELECT endpoint, event, event_type, state, attempts, next_attempt_at, last_attempt_at,
                    last_result, created_at
             FROM webhook_deliveries
             WHERE state = 'dead' AND (last_attempt_at, endpoint, event) < (?1, ?2, ?3)
             ORDER BY last_attempt_at DESC, endpoint DESC, event DESC LIMIT ?4",
            before.at.timestamp_micros(),
            before.endpoint.as_uuid(),
            before.event.as_uuid(),
            limit,
        )
        .fetch_all(&self.readers)
        .await
        .map_err(WEBHOOK_DELIVERIES.reading())?;
        rows.into_iter().map(Delivery::try_from).collect()
    }

    async fn webhook_endpoints_due(
        &self,
        now: DateTime<Utc>,
    ) -> Result<Vec<WebhookEndpoint>, StorageError> {
        let rows = sqlx::query_as!(
            EndpointRow,
            "SELECT endpoint, url, description, event_types, secret, previous_secret,
                    previous_valid_until, state, failing_since, version, created_at, updated_at
             FROM webhook_endpoints AS wanting
             WHERE state = 'enabled' AND EXISTS (
                 SELECT 1 FROM webhook_deliveries AS delivery
                 WHERE delivery.endpoint = wanting.endpoint AND delivery.state = 'pending'
                   AND delivery.next_attempt_at <= ?1
             )",
            now.timestamp_micros(),
        )
        .fetch_all(&self.readers)
        .await
        .map_err(WEBHOOK_ENDPOINTS.reading())?;
        rows.into_iter().map(WebhookEndpoint::try_from).collect()
    }
}

#[async_trait]
impl WebhookWriter for SqliteWork {
    async fn add_webhook_events(&mut self, events: &[OutboxEvent]) -> Result<(), StorageError> {
        sqlx::query!(
            "INSERT INTO webhook_events (event, event_type, occurred_at, payload, distributed)
             SELECT unhex(value ->> 0), value ->> 1, value ->> 2, value ->> 3, FALSE
             FROM json_each(?1)
             WHERE TRUE
             ON CONFLICT (event) DO NOTHING",
            json_rows(events, |one| (
                hex(one.id.as_uuid()),
                one.event_type.as_str(),
                one.occurred_at.timestamp_micros(),
                one.payload.as_str(),
            ))?,
        )
        .execute(&mut *self.tx)
        .await
        .map_err(WEBHOOK_EVENTS.writing())?;
        Ok(())
    }

    async fn take_new_webhook_events(
        &mut self,
        limit: u32,
    ) -> Result<Vec<(WebhookEventId, EventType)>, StorageError> {
        // The work is the only writer: nobody else takes them.
        let rows = sqlx::query_as!(
            NewEventRow,
            "SELECT event, event_type FROM webhook_events WHERE NOT distributed
             ORDER BY occurred_at, event LIMIT ?1",
            limit,
        )
        .fetch_all(&mut *self.tx)
        .await
        .map_err(WEBHOOK_EVENTS.reading())?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    async fn distribute_webhook_events(
        &mut self,
        events: &[WebhookEventId],
        deliveries: &[Delivery],
    ) -> Result<(), StorageError> {
        sqlx::query_file!(
            "queries/sqlite/add_webhook_deliveries.sql",
            json_rows(deliveries, |one| (
                hex(one.endpoint.as_uuid()),
                hex(one.event.as_uuid()),
                one.event_type.as_str(),
                one.next_attempt_at.map(|at| at.timestamp_micros()),
                one.created_at.timestamp_micros(),
            ))?,
        )
        .execute(&mut *self.tx)
        .await
        .map_err(WEBHOOK_DELIVERIES.writing())?;
        sqlx::query!(
            "UPDATE webhook_events SET distributed = TRUE
             WHERE event IN (SELECT unhex(value) FROM json_each(?1))",
            json_rows(events, |one| hex(one.as_uuid()))?,
        )
        .execute(&mut *self.tx)
        .await
        .map_err(WEBHOOK_EVENTS.writing())?;
        Ok(())
    }

    async fn lock_webhook_endpoint(
        &mut self,
        id: WebhookEndpointId,
    ) -> Result<Option<WebhookEndpoint>, StorageError> {
        // The work is the only writer, which is the lock.
        let row = sqlx::query_as!(
            EndpointRow,
            "SELECT endpoint, url, description, event_types, secret, previous_secret,
                    previous_valid_until, state, failing_since, version, created_at, updated_at
             FROM webhook_endpoints WHERE endpoint = ?1",
            id.as_uuid(),
        )
        .fetch_optional(&mut *self.tx)
        .await
        .map_err(WEBHOOK_ENDPOINTS.reading())?;
        row.map(WebhookEndpoint::try_from).transpose()
    }

    async fn put_webhook_endpoint(
        &mut self,
        endpoint: &WebhookEndpoint,
    ) -> Result<(), StorageError> {
        let previous = endpoint.secrets.previous.as_ref();
        sqlx::query_file!(
            "queries/sqlite/put_webhook_endpoint.sql",
            endpoint.id.as_uuid(),
            endpoint.url.as_str(),
            endpoint.description.as_ref().map(PlainText::as_str),
            names_of(&endpoint.events),
            endpoint.secrets.current.reveal(),
            previous.map(|retiring| retiring.secret.reveal()),
            previous.map(|retiring| retiring.valid_until.timestamp_micros()),
            endpoint.state.as_str(),
            endpoint.failing_since.map(|at| at.timestamp_micros()),
            i64::from(endpoint.version),
            endpoint.created_at.timestamp_micros(),
            endpoint.updated_at.timestamp_micros(),
        )
        .execute(&mut *self.tx)
        .await
        .map_err(WEBHOOK_ENDPOINTS.writing())?;
        Ok(())
    }

    async fn remove_webhook_endpoint(
        &mut self,
        id: WebhookEndpointId,
    ) -> Result<bool, StorageError> {
        let removed = sqlx::query!(
            "DELETE FROM webhook_endpoints WHERE endpoint = ?1",
            id.as_uuid(),
        )
        .execute(&mut *self.tx)
        .await
        .map_err(WEBHOOK_ENDPOINTS.writing())?;
        Ok(removed.rows_affected() == 1)
    }

    async fn claim_deliveries(
        &mut self,
        claim: &DeliveryClaim,
    ) -> Result<Vec<ClaimedDelivery>, StorageError> {
        let claimed = sqlx::query_file!(
            "queries/sqlite/claim_deliveries.sql",
            claim.endpoint.as_uuid(),
            claim.now.timestamp_micros(),
            claim.limit,
            claim.token.as_uuid(),
            claim.until.timestamp_micros(),
        )
        .execute(&mut *self.tx)
        .await
        .map_err(WEBHOOK_DELIVERIES.writing())?;
        if claimed.rows_affected() == 0 {
            return Ok(Vec::new());
        }
        let rows = sqlx::query_file_as!(
            ClaimedRow,
            "queries/sqlite/claimed_deliveries.sql",
            claim.endpoint.as_uuid(),
            claim.until.timestamp_micros(),
            claim.token.as_uuid(),
        )
        .fetch_all(&mut *self.tx)
        .await
        .map_err(WEBHOOK_DELIVERIES.reading())?;
        rows.into_iter().map(ClaimedDelivery::try_from).collect()
    }

    async fn finish_deliveries(
        &mut self,
        token: ClaimToken,
        deliveries: &[Delivery],
    ) -> Result<u64, StorageError> {
        let finished = sqlx::query_file!(
            "queries/sqlite/finish_deliveries.sql",
            token.as_uuid(),
            json_rows(deliveries, |one| (
                hex(one.endpoint.as_uuid()),
                hex(one.event.as_uuid()),
                one.state.as_str(),
                one.attempts,
                one.next_attempt_at.map(|at| at.timestamp_micros()),
                one.last_attempt_at.map(|at| at.timestamp_micros()),
                result_of(one),
            ))?,
        )
        .execute(&mut *self.tx)
        .await
        .map_err(WEBHOOK_DELIVERIES.writing())?;
        Ok(finished.rows_affected())
    }

    async fn replay_deliveries(
        &mut self,
        endpoint: WebhookEndpointId,
        which: ReplayScope,
        now: DateTime<Utc>,
    ) -> Result<u64, StorageError> {
        let replayed = match which {
            ReplayScope::Event(event) => sqlx::query!(
                "UPDATE webhook_deliveries
                 SET state = 'pending', attempts = 0, next_attempt_at = ?3, claim = NULL
                 WHERE endpoint = ?1 AND event = ?2",
                endpoint.as_uuid(),
                event.as_uuid(),
                now.timestamp_micros(),
            )
            .execute(&mut *self.tx),
            ReplayScope::DeadSince(since) => sqlx::query!(
                "UPDATE webhook_deliveries
                 SET state = 'pending', attempts = 0, next_attempt_at = ?3, claim = NULL
                 WHERE endpoint = ?1 AND state = 'dead' AND last_attempt_at >= ?2",
                endpoint.as_uuid(),
                since.timestamp_micros(),
                now.timestamp_micros(),
            )
            .execute(&mut *self.tx),
        };
        let replayed = replayed.await.map_err(WEBHOOK_DELIVERIES.writing())?;
        Ok(replayed.rows_affected())
    }

    async fn remove_old_deliveries(
        &mut self,
        delivered_before: DateTime<Utc>,
        dead_before: DateTime<Utc>,
        limit: u32,
    ) -> Result<u64, StorageError> {
        let removed = sqlx::query_file!(
            "queries/sqlite/remove_old_deliveries.sql",
            delivered_before.timestamp_micros(),
            dead_before.timestamp_micros(),
            limit,
        )
        .execute(&mut *self.tx)
        .await
        .map_err(WEBHOOK_DELIVERIES.writing())?;
        Ok(removed.rows_affected())
    }

    async fn remove_old_webhook_events(
        &mut self,
        before: DateTime<Utc>,
        limit: u32,
    ) -> Result<u64, StorageError> {
        let removed = sqlx::query_file!(
            "queries/sqlite/remove_old_webhook_events.sql",
            before.timestamp_micros(),
            limit,
        )
        .execute(&mut *self.tx)
        .await
        .map_err(WEBHOOK_EVENTS.writing())?;
        Ok(removed.rows_affected())
    }
}

fn result_of(delivery: &Delivery) -> Option<String> {
    delivery.last_result.as_ref().map(AttemptResult::to_string)
}
