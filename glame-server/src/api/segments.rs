//! Segments, as marketers make and read them.

pub mod download;
pub mod upload;
pub mod views;

use std::sync::Arc;

use glame_core::access::{AuditAction, AuditDetails, AuditNote};
use glame_core::ports::TransitionPlace;
use glame_core::segments::{MemberFile, SegmentVersion};
use glame_core::sync::{PurchaseScope, SyncTarget};
use glame_core::values::{SegmentId, UserId};
use poem::web::Data;
use poem_openapi::OpenApi;
use poem_openapi::param::{Header, Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::types::Any;
use serde_json::Value;
use uuid::Uuid;

use self::download::Download;
use self::upload::CsvFile;
use self::views::{
    DecisionMade, DecisionName, ExplanationView, MembersDecided, MembersImported,
    MembershipExplained, PreviewAsked, SegmentEditInput, SegmentInput, SegmentList, SegmentMembers,
    SegmentPreview, SegmentTransitions, SegmentView,
};
use super::answer::{Answer, Begun, Made, Told, Versioned};
use super::etag::IfMatch;
use super::parameters::{CursorText, PageLength};
use super::problem::statuses;
use super::signed_in::{Marketers, SignedIn};
use super::sync::views::JobBegun;
use super::{Area, Problem, ProblemCode, etag, paging};
use crate::app::App;

statuses! {
    /// What reads segments.
    Reading = [400, 401, 403, 404, 409, 413, 422, 429, 500, 503];
    /// What changes them.
    Changing = [400, 401, 403, 404, 409, 412, 413, 415, 422, 428, 429, 500, 503];
}

/// Segments, as marketers make and read them.
#[derive(Debug, Clone, Copy)]
pub struct SegmentsApi;

#[OpenApi(prefix_path = "/api/admin/segments", tag = "Area::Segments")]
impl SegmentsApi {
    /// List all segments, drafts and archived ones among them.
    #[oai(path = "/", method = "get", operation_id = "listSegments")]
    async fn list(
        &self,
        _me: SignedIn<Marketers>,
        app: Data<&Arc<App>>,
    ) -> Answer<Told<SegmentList>, Reading> {
        let stored = app.segments.service().all().await.map_err(Problem::from)?;
        Ok(Told::new(SegmentList {
            total: stored.len(),
            segments: stored.iter().map(SegmentView::from).collect(),
        }))
    }

    /// Make a segment.
    ///
    /// With a rule it has members after the next refresh; without one it is a list that is kept by
    /// hand.
    #[oai(path = "/", method = "post", operation_id = "createSegment")]
    async fn create(
        &self,
        me: SignedIn<Marketers>,
        app: Data<&Arc<App>>,
        body: Json<SegmentInput>,
    ) -> Answer<Told<SegmentView, Made>, Changing> {
        let service = app.segments.changing();
        let segment = service
            .create(body.0.read()?)
            .await
            .map_err(Problem::from)?;
        let details = AuditDetails::new().word("change", "made");
        app.note_segment(&me, AuditAction::SegmentChanged, segment.id, details)
            .await?;
        let location = format!("/api/admin/segments/{}", segment.id);
        Ok(Told::made(SegmentView::of_new(&segment), &location))
    }

    /// Give the JSON Schema of rules.
    #[oai(path = "/schema", method = "get", operation_id = "getRuleSchema")]
    #[expect(clippy::unused_async, reason = "every operation is asynchronous")]
    async fn schema(&self, _me: SignedIn<Marketers>) -> Answer<Told<Any<Value>>, Reading> {
        Ok(Told::new(Any(glame_core::segments::rule_schema())))
    }

    /// Tell what a rule would hold, with a sample of members; nothing is stored.
    #[oai(path = "/preview", method = "post", operation_id = "previewSegment")]
    async fn preview(
        &self,
        _me: SignedIn<Marketers>,
        app: Data<&Arc<App>>,
        body: Json<PreviewAsked>,
    ) -> Answer<Told<SegmentPreview>, Changing> {
        let rule = views::rule_of(&body.0.rule.0)?;
        let segment = body.0.segment_id.map(SegmentId::from_uuid);
        let sample = usize::try_from(body.0.sample).unwrap_or_default();
        let population = app.segments.population().await.map_err(Problem::from)?;
        let preview = population.preview(&rule, segment, sample);
        let preview = preview.map_err(|error| {
            Problem::of_field(ProblemCode::ValueInvalid, "/rule", error.to_string())
        })?;
        Ok(Told::new(SegmentPreview::of(&preview, &population)))
    }

    /// Fill all segments with the customers of this moment.
    ///
    /// The daily run does the same. The job tells how many customers have entered and left; who they
    /// are is told by the transitions of each segment.
    #[oai(path = "/refresh", method = "post", operation_id = "refreshSegments")]
    async fn refresh(
        &self,
        me: SignedIn<Marketers>,
        app: Data<&Arc<App>>,
    ) -> Answer<Told<JobBegun, Begun>, Changing> {
        let scope = PurchaseScope::Automatic;
        Ok(app.begin_sync(&me, SyncTarget::Segments, scope).await?)
    }

    /// Show a segment.
    #[oai(path = "/:id", method = "get", operation_id = "getSegment")]
    async fn get(
        &self,
        _me: SignedIn<Marketers>,
        app: Data<&Arc<App>>,
        /// The segment.
        id: Path<Uuid>,
    ) -> Answer<Told<SegmentView, Versioned>, Reading> {
        let id = SegmentId::from_uuid(id.0);
        let stored = app.segments.service().segment(id).await;
        let stored = stored.map_err(Problem::from)?;
        let version = i64::from(stored.segment.version.get());
        Ok(Told::in_version(SegmentView::from(&stored), version))
    }

    /// Change a segment; what is absent stays.
    #[oai(path = "/:id", method = "put", operation_id = "updateSegment")]
    async fn update(
        &self,
        me: SignedIn<Marketers>,
        app: Data<&Arc<App>>,
        /// The segment.
        id: Path<Uuid>,
        /// The version that is changed, from `ETag`.
        #[oai(name = "If-Match")]
        if_match: Header<Option<IfMatch>>,
        body: Json<SegmentEditInput>,
    ) -> Answer<Told<SegmentView, Versioned>, Changing> {
        let seen = etag::needed(if_match.0)?;
        // No segment has a version that does not fit, so that it is stale.
        let seen = SegmentVersion::from_number(u32::try_from(seen).unwrap_or_default());
        let service = app.segments.changing();
        let id = SegmentId::from_uuid(id.0);
        let changed = service.update(id, seen, body.0.read()?).await;
        let changed = changed.map_err(Problem::from)?;
        let details = AuditDetails::new().word("change", "edited");
        app.note_segment(&me, AuditAction::SegmentChanged, id, details)
            .await?;
        let stored = service.segment(id).await.map_err(Problem::from)?;
        let version = i64::from(changed.version.get());
        Ok(Told::in_version(SegmentView::from(&stored), version))
    }

    /// List the members of a segment, by user id.
    #[oai(
        path = "/:id/members",
        method = "get",
        operation_id = "listSegmentMembers"
    )]
    async fn members(
        &self,
        me: SignedIn<Marketers>,
        app: Data<&Arc<App>>,
        /// The segment.
        id: Path<Uuid>,
        /// Where to go on.
        cursor: Query<Option<CursorText>>,
        /// How many members.
        #[oai(default)]
        limit: Query<PageLength>,
    ) -> Answer<Told<SegmentMembers>, Reading> {
        let segment = SegmentId::from_uuid(id.0);
        let service = app.segments.service();
        let stored = service.segment(segment).await.map_err(Problem::from)?;
        let list = format!("members of {segment}");
        let after = app.cursors.place::<UserId>(&list, cursor.0.as_deref())?;
        let members = service.members(segment, after, limit.get() + 1).await;
        let members = members.map_err(Problem::from)?;
        let (members, next) = paging::cut(members, limit.get(), |last| last.user);
        let details = AuditDetails::new().word("read", "members");
        app.note_segment(&me, AuditAction::SegmentRead, segment, details)
            .await?;
        Ok(Told::new(SegmentMembers {
            customer_count: stored.customer_count,
            members: members.iter().map(Into::into).collect(),
            page: app.cursors.page(&list, next.as_ref()),
        }))
    }

    /// Include or exclude customers by hand, or leave them to the rule again.
    #[oai(
        path = "/:id/members",
        method = "post",
        operation_id = "decideSegmentMembers"
    )]
    async fn decide(
        &self,
        me: SignedIn<Marketers>,
        app: Data<&Arc<App>>,
        /// The segment.
        id: Path<Uuid>,
        /// Only tell what would be done.
        #[oai(default)]
        dry_run: Query<bool>,
        body: Json<MembersDecided>,
    ) -> Answer<Told<DecisionMade>, Changing> {
        let users: Vec<UserId> = body
            .0
            .user_ids
            .iter()
            .copied()
            .map(UserId::from_uuid)
            .collect();
        let segment = SegmentId::from_uuid(id.0);
        if dry_run.0 {
            let service = app.segments.service();
            let decided = service.preview_decision(segment, &users).await;
            let decided = decided.map_err(Problem::from)?;
            app.note_trial(&me, segment).await?;
            return Ok(Told::new(DecisionMade::new(&decided, true)));
        }
        let decided_on = u64::try_from(users.len()).unwrap_or(u64::MAX);
        let service = app.segments.changing();
        let decided = service
            .decide(segment, &users, body.0.decision.into())
            .await
            .map_err(Problem::from)?;
        let details = AuditDetails::new().count("decided", decided_on);
        app.note_segment(&me, AuditAction::SegmentChanged, segment, details)
            .await?;
        Ok(Told::new(DecisionMade::new(&decided, false)))
    }

    /// Include or exclude the customers of a table by hand, or leave them to the rule again.
    ///
    /// The table is CSV in UTF-8 under the heads of its columns, separated by commas, semicolons or
    /// tabs. A line names a customer by `user_id`, `discount_card_number` or `phone`, the first of
    /// them that is filled; other columns are left out, so that an export can be imported. Lines
    /// that name nobody are told and change nothing. At most a mebibyte at once; a larger table is
    /// sent in pieces, or given to `glame segments import`.
    #[oai(
        path = "/:id/import",
        method = "post",
        operation_id = "importSegmentMembers"
    )]
    async fn import(
        &self,
        me: SignedIn<Marketers>,
        app: Data<&Arc<App>>,
        /// The segment.
        id: Path<Uuid>,
        /// What is decided about them.
        #[oai(default)]
        decision: Query<DecisionName>,
        /// Only tell what would be done.
        #[oai(default)]
        dry_run: Query<bool>,
        body: CsvFile,
    ) -> Answer<Told<MembersImported>, Changing> {
        let lines = MemberFile::open(&body.0).map_err(Problem::from)?;
        let segment = SegmentId::from_uuid(id.0);
        if dry_run.0 {
            let imported = app.segments.service().preview_import(segment, lines).await;
            let imported = imported.map_err(Problem::from)?;
            app.note_trial(&me, segment).await?;
            return Ok(Told::new(MembersImported::new(imported, true)));
        }
        let service = app.segments.changing();
        let imported = service
            .import(segment, lines, decision.0.into())
            .await
            .map_err(Problem::from)?;
        let details = AuditDetails::new().count("imported", imported.customers);
        app.note_segment(&me, AuditAction::SegmentChanged, segment, details)
            .await?;
        Ok(Told::new(MembersImported::new(imported, false)))
    }

    /// Explain why a customer is a member of a segment, or is none.
    #[oai(
        path = "/:id/members/:user_id/explanation",
        method = "get",
        operation_id = "explainMembership"
    )]
    async fn explain(
        &self,
        me: SignedIn<Marketers>,
        app: Data<&Arc<App>>,
        /// The segment.
        id: Path<Uuid>,
        /// The customer.
        user_id: Path<Uuid>,
    ) -> Answer<Told<MembershipExplained>, Reading> {
        let (segment, user) = (SegmentId::from_uuid(id.0), UserId::from_uuid(user_id.0));
        let stored = app.segments.service().segment(segment).await;
        let stored = stored.map_err(Problem::from)?.segment;
        let population = app.segments.population().await.map_err(Problem::from)?;
        let Some(row) = population.snapshot().row_of(user) else {
            return Err(Problem::new(ProblemCode::NotFound, "there is no such customer").into());
        };
        let explanation = match stored.rule() {
            Some(rule) => population
                .explain(rule, user)
                .map_err(|error| Problem::new(ProblemCode::Conflict, error.to_string()))?,
            None => None,
        };
        app.note(&me, AuditAction::CustomerRead, user).await?;
        Ok(Told::new(MembershipExplained {
            is_member: population.members(segment).contains(row),
            decided_by_hand: population.decision(segment, user).map(DecisionName::from),
            as_of: population.day(),
            explanation: explanation.as_ref().map(ExplanationView::from),
        }))
    }

    /// List who has entered and left a segment, the oldest first.
    #[oai(
        path = "/:id/transitions",
        method = "get",
        operation_id = "listSegmentTransitions"
    )]
    async fn transitions(
        &self,
        me: SignedIn<Marketers>,
        app: Data<&Arc<App>>,
        /// The segment.
        id: Path<Uuid>,
        /// Where to go on.
        cursor: Query<Option<CursorText>>,
        /// How many transitions.
        #[oai(default)]
        limit: Query<PageLength>,
    ) -> Answer<Told<SegmentTransitions>, Reading> {
        let segment = SegmentId::from_uuid(id.0);
        app.segments
            .service()
            .segment(segment)
            .await
            .map_err(Problem::from)?;
        let list = format!("transitions of {segment}");
        let after = app.cursors.place(&list, cursor.0.as_deref())?;
        let after = after.map(|(happened_at, user)| TransitionPlace { happened_at, user });
        let found = app
            .storage
            .transitions_after(segment, after, limit.get() + 1)
            .await
            .map_err(Problem::from)?;
        let (found, next) = paging::cut(found, limit.get(), |last| (last.happened_at, last.user));
        let details = AuditDetails::new().word("read", "transitions");
        app.note_segment(&me, AuditAction::SegmentRead, segment, details)
            .await?;
        Ok(Told::new(SegmentTransitions {
            transitions: found.iter().map(Into::into).collect(),
            page: app.cursors.page(&list, next.as_ref()),
        }))
    }

    /// Download the members of a segment as a table.
    #[oai(path = "/:id/export", method = "get", operation_id = "exportSegment")]
    async fn export(
        &self,
        me: SignedIn<Marketers>,
        app: Data<&Arc<App>>,
        /// The segment.
        id: Path<Uuid>,
    ) -> Answer<Download, Reading> {
        let segment = SegmentId::from_uuid(id.0);
        app.segments
            .service()
            .segment(segment)
            .await
            .map_err(Problem::from)?;
        let details = AuditDetails::new().word("read", "export");
        app.note_segment(&me, AuditAction::SegmentRead, segment, details)
            .await?;
        Ok(Download::members(app.segments.service().clone(), segment))
    }

    /// Download the members who agree to be reached, as a file for Yandex Audience.
    ///
    /// Phones of those who agree to short messages or calls and addresses of those who agree to
    /// letters, each hashed by SHA-256. Yandex takes no fewer than a hundred rows, and neither are
    /// fewer given.
    #[oai(
        path = "/:id/export/yandex-audience",
        method = "get",
        operation_id = "exportYandexAudience"
    )]
    async fn export_yandex_audience(
        &self,
        me: SignedIn<Marketers>,
        app: Data<&Arc<App>>,
        /// The segment.
        id: Path<Uuid>,
    ) -> Answer<Download, Reading> {
        let segment = SegmentId::from_uuid(id.0);
        let service = app.segments.service();
        service.segment(segment).await.map_err(Problem::from)?;
        let audience = service.export_yandex_audience(segment).await;
        let audience = audience.map_err(Problem::from)?;
        let details = AuditDetails::new().word("read", "yandex_audience");
        app.note_segment(&me, AuditAction::SegmentRead, segment, details)
            .await?;
        Ok(Download::audience(audience))
    }
}

impl App {
    /// Notes a dry run, which tells who is a customer.
    async fn note_trial(
        &self,
        me: &SignedIn<Marketers>,
        segment: SegmentId,
    ) -> Result<(), Problem> {
        let details = AuditDetails::new().word("read", "dry_run");
        self.note_segment(me, AuditAction::SegmentRead, segment, details)
            .await
    }

    async fn note_segment(
        &self,
        me: &SignedIn<Marketers>,
        action: AuditAction,
        segment: SegmentId,
        details: AuditDetails,
    ) -> Result<(), Problem> {
        let details = details.id("segment", segment.as_uuid());
        let note = AuditNote::new(action, None).with(details);
        Ok(self.access.record(&me.caller(), note).await?)
    }
}
