//! Every operation lets in whom it is for, and nobody else.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value, json};

use super::client::{Saying, Served};
use crate::shop::Database;

const ROLES: [&str; 4] = ["customer", "admin", "ai_marketer", "content_manager"];
const ANYBODY: &[&str] = &ROLES;
const STAFF: &[&str] = &["admin", "ai_marketer", "content_manager"];
const ADMINS: &[&str] = &["admin"];
const MARKETERS: &[&str] = &["admin", "ai_marketer"];
const CONTENT: &[&str] = &["admin", "content_manager"];
const CUSTOMERS: &[&str] = &["customer"];

/// Whom each operation is for; no list means everybody, signed in or not. An operation that is not
/// here fails the test.
const ACCESS: &[(&str, Option<&[&str]>)] = &[
    ("adjustPoints", Some(ADMINS)),
    ("cancelSyncJob", Some(MARKETERS)),
    ("changePassword", Some(STAFF)),
    ("comparePoints", Some(ADMINS)),
    ("createLook", Some(CONTENT)),
    ("createSegment", Some(MARKETERS)),
    ("createStaff", Some(ADMINS)),
    ("createWebhook", Some(ADMINS)),
    ("decideSegmentMembers", Some(MARKETERS)),
    ("deleteWebhook", Some(ADMINS)),
    ("disableWebhook", Some(ADMINS)),
    ("enableWebhook", Some(ADMINS)),
    ("eraseCustomer", Some(ADMINS)),
    ("explainMembership", Some(MARKETERS)),
    ("exportCustomer", Some(ADMINS)),
    ("exportMyData", Some(CUSTOMERS)),
    ("exportSegment", Some(MARKETERS)),
    ("exportYandexAudience", Some(MARKETERS)),
    ("getChurnRisks", Some(MARKETERS)),
    ("getCohorts", Some(MARKETERS)),
    ("getConsents", Some(CUSTOMERS)),
    ("getCustomer", Some(MARKETERS)),
    ("getCustomerConsents", Some(MARKETERS)),
    ("getCustomerLoyalty", Some(MARKETERS)),
    ("getCustomerOutlook", Some(MARKETERS)),
    ("getDashboard", Some(MARKETERS)),
    ("getForecasting", Some(MARKETERS)),
    ("getHealth", None),
    ("getLifetimeValues", Some(MARKETERS)),
    ("getLook", Some(ANYBODY)),
    ("getLoyalty", Some(CUSTOMERS)),
    ("getMe", Some(ANYBODY)),
    ("getOverview", Some(MARKETERS)),
    ("getPointsComparison", Some(ADMINS)),
    ("getProfile", Some(CUSTOMERS)),
    ("getPurchaseStats", Some(CUSTOMERS)),
    ("getReadiness", None),
    ("getRfmMatrix", Some(MARKETERS)),
    ("getRuleSchema", Some(MARKETERS)),
    ("getSegment", Some(MARKETERS)),
    ("getSyncJob", Some(MARKETERS)),
    ("getSyncStatus", Some(ADMINS)),
    ("getTopCustomers", Some(MARKETERS)),
    ("getWebhook", Some(ADMINS)),
    ("giveBonus", Some(ADMINS)),
    ("giveConsents", Some(CUSTOMERS)),
    ("importSegmentMembers", Some(MARKETERS)),
    ("listAudit", Some(ADMINS)),
    ("listCustomerPurchases", Some(MARKETERS)),
    ("listCustomerReceipts", Some(MARKETERS)),
    ("listCustomerSavedLooks", Some(MARKETERS)),
    ("listCustomers", Some(MARKETERS)),
    ("listDeadLetters", Some(ADMINS)),
    ("listDeliveries", Some(ADMINS)),
    ("listLooks", Some(ANYBODY)),
    ("listProducts", Some(ANYBODY)),
    ("listPurchases", Some(CUSTOMERS)),
    ("listReceipts", Some(CUSTOMERS)),
    ("listRejects", Some(ADMINS)),
    ("listSavedLooks", Some(CUSTOMERS)),
    ("listSegmentMembers", Some(MARKETERS)),
    ("listSegmentStats", Some(MARKETERS)),
    ("listSegmentTransitions", Some(MARKETERS)),
    ("listSegments", Some(MARKETERS)),
    ("listSessions", Some(ANYBODY)),
    ("listStaff", Some(ADMINS)),
    ("listSyncRuns", Some(ADMINS)),
    ("listWebhooks", Some(ADMINS)),
    ("login", None),
    ("loginByCard", None),
    ("logout", Some(ANYBODY)),
    ("markLookPurchased", Some(CUSTOMERS)),
    ("previewSegment", Some(MARKETERS)),
    ("recomputeMetrics", Some(ADMINS)),
    ("recordCustomerConsents", Some(ADMINS)),
    ("refreshSegments", Some(MARKETERS)),
    ("removeSavedLook", Some(CUSTOMERS)),
    ("replayDeadLetters", Some(ADMINS)),
    ("replayDelivery", Some(ADMINS)),
    ("requestCode", None),
    ("resetStaffPassword", Some(ADMINS)),
    ("reversePoints", Some(ADMINS)),
    ("revokeSession", Some(ANYBODY)),
    ("rotateWebhookSecret", Some(ADMINS)),
    ("saveLook", Some(CUSTOMERS)),
    ("spendPoints", Some(ADMINS)),
    ("syncCustomers", Some(ADMINS)),
    ("syncEverything", Some(ADMINS)),
    ("syncPurchases", Some(ADMINS)),
    ("testWebhook", Some(ADMINS)),
    ("updateCustomer", Some(ADMINS)),
    ("updateLook", Some(CONTENT)),
    ("updateProfile", Some(CUSTOMERS)),
    ("updateSegment", Some(MARKETERS)),
    ("updateStaff", Some(ADMINS)),
    ("updateWebhook", Some(ADMINS)),
    ("verifyCard", None),
];

/// Whose the thing is that an operation for customers names in its path.
#[derive(Clone, Copy)]
enum Thing {
    /// Everybody may see it.
    Everybodys,
    /// A look that a customer has saved.
    SavedLook,
    /// A session.
    Session,
}

/// What customers may name in a path. An operation that is not here fails the test.
const THINGS: &[(&str, Thing)] = &[
    ("getLook", Thing::Everybodys),
    ("markLookPurchased", Thing::SavedLook),
    ("removeSavedLook", Thing::SavedLook),
    ("revokeSession", Thing::Session),
];

/// An operation of the document.
struct Operation {
    id: String,
    method: Method,
    path: String,
}

/// An id that nothing has.
const NOBODY: &str = "0190c0de-0000-7000-8000-000000000000";

/// Gives all operations, with the same id wherever one is asked for.
fn operations(document: &Value, id: &str) -> Vec<Operation> {
    let mut operations = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let segments = path.split('/').map(|segment| {
                if segment.starts_with('{') {
                    id
                } else {
                    segment
                }
            });
            operations.push(Operation {
                id: operation["operationId"].as_str().unwrap().to_owned(),
                method: method.to_uppercase().parse().unwrap(),
                path: segments.collect::<Vec<_>>().join("/"),
            });
        }
    }
    operations
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_lets_in_whom_it_is_for_and_nobody_else() {
    let served = Served::open(Database::Sqlite).await;
    let document = served.request(Method::GET, "/openapi.json");
    let document = served.send(document).await.expect(200);
    let table: BTreeMap<&str, Option<&[&str]>> = ACCESS.iter().copied().collect();
    let operations = operations(&document, NOBODY);
    assert_eq!(
        operations.len(),
        table.len(),
        "the table and the document differ"
    );

    let mut tokens = BTreeMap::new();
    for role in ROLES {
        tokens.insert(role, token_of(&served, role).await);
    }
    for operation in &operations {
        let audience = table
            .get(operation.id.as_str())
            .unwrap_or_else(|| panic!("{} is not in the table", operation.id));
        let anonymous = call(&served, operation, None).await;
        match audience {
            None => assert!(![401, 403].contains(&anonymous) || is_sign_in(operation)),
            Some(_) => assert_eq!(anonymous, 401, "{} without a token", operation.id),
        }
        let Some(audience) = audience else { continue };
        for role in ROLES {
            let status = call(&served, operation, Some(&tokens[role])).await;
            if operation.id == "logout" {
                tokens.insert(role, token_of(&served, role).await);
            }
            let name = &operation.id;
            if audience.contains(&role) {
                assert!(![401, 403].contains(&status), "{name} as {role}: {status}");
            } else {
                assert_eq!(status, 403, "{name} as {role}");
            }
        }
    }
}

async fn token_of(served: &Served, role: &str) -> String {
    match role {
        "customer" => served.customer(0).await.0,
        staff => served.staff(staff).await,
    }
}

fn is_sign_in(operation: &Operation) -> bool {
    ["login", "loginByCard"].contains(&operation.id.as_str())
}

async fn call(served: &Served, operation: &Operation, token: Option<&str>) -> u16 {
    let mut request = served
        .request(operation.method.clone(), &operation.path)
        .header("Idempotency-Key", "the-table-of-access");
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    if [Method::POST, Method::PUT].contains(&operation.method) {
        request = request.said(&json!({}));
    }
    let answer = served.send(request).await;
    let status = answer.status.as_u16();
    assert!(
        status < 500,
        "{} {}: {answer:?}",
        operation.method,
        operation.path
    );
    if status >= 400 {
        let kind = answer.headers["content-type"].to_str().unwrap();
        assert_eq!(kind, "application/problem+json", "{answer:?}");
        let problem = answer.json();
        assert_eq!(problem["status"], status);
        assert!(problem["code"].is_string() && problem["trace_id"].is_string());
    }
    status
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_reaches_nothing_of_another() {
    let served = Served::open(Database::Sqlite).await;
    let (anna, anna_id) = served.customer(0).await;
    let (boris, boris_id) = served.customer(1).await;
    assert_ne!(anna_id, boris_id);
    let content = served.staff("content_manager").await;
    let products = served
        .get(&content, "/api/products?limit=1")
        .await
        .expect(200);
    let product = products["items"][0]["id"].as_str().unwrap();
    let look = json!({ "title": "Вечер у моря", "product_ids": [product] });
    let look = served.post(&content, "/api/looks", &look).await.expect(201);
    let save = json!({ "look_id": look["id"], "save_type": "favorite" });
    let saved = served.post(&anna, "/api/customer/saved-looks", &save).await;
    let saved = saved.expect(201)["id"].as_str().unwrap().to_owned();

    let sessions = served.get(&anna, "/api/auth/sessions").await.expect(200);
    let session = sessions["sessions"][0]["id"].as_str().unwrap();

    let document = served.request(Method::GET, "/openapi.json");
    let document = served.send(document).await.expect(200);
    let table: BTreeMap<&str, Option<&[&str]>> = ACCESS.iter().copied().collect();
    let things: BTreeMap<&str, Thing> = THINGS.iter().copied().collect();
    for operation in operations(&document, NOBODY) {
        let audience = table[operation.id.as_str()];
        let is_open = audience.is_some_and(|audience| audience.contains(&"customer"));
        if !is_open || !operation.path.contains(NOBODY) {
            continue;
        }
        let thing = things.get(operation.id.as_str());
        let of_anna = match thing.unwrap_or_else(|| panic!("whose is that of {}?", operation.id)) {
            Thing::Everybodys => continue,
            Thing::SavedLook => saved.as_str(),
            Thing::Session => session,
        };
        let operation = Operation {
            path: operation.path.replace(NOBODY, of_anna),
            ..operation
        };
        let status = call(&served, &operation, Some(&boris)).await;
        assert_eq!(status, 404, "{} of another customer", operation.id);
    }
    let theirs = served
        .get(&boris, "/api/customer/saved-looks")
        .await
        .expect(200);
    assert_eq!(theirs["items"], json!([]));
    let path = format!("/api/customer/saved-looks/{saved}");
    let remove = served.request(Method::DELETE, &path).bearer_auth(&anna);
    served.send(remove).await.expect(204);
    served.get(&anna, "/api/auth/me").await.expect(200);

    // A cursor of one customer leads another nowhere.
    let mut followed = 0;
    for list in ["purchase-history", "receipts", "loyalty", "saved-looks"] {
        let path = format!("/api/customer/{list}?limit=1");
        let page = served.get(&anna, &path).await.expect(200);
        let Some(cursor) = page["page"]["next"].as_str() else {
            continue;
        };
        let path = format!("{path}&cursor={cursor}");
        served.get(&anna, &path).await.expect(200);
        let refused = served.get(&boris, &path).await.expect(400);
        assert_eq!(refused["code"], "REQUEST_CURSOR_INVALID", "{list}");
        followed += 1;
    }
    assert!(followed >= 3, "{followed} lists go on");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_reaches_another_by_no_operation_of_staff() {
    let served = Served::open(Database::Sqlite).await;
    let document = served.request(Method::GET, "/openapi.json");
    let document = served.send(document).await.expect(200);
    let (_, anna) = served.customer(0).await;
    let (boris, _) = served.customer(1).await;
    let table: BTreeMap<&str, Option<&[&str]>> = ACCESS.iter().copied().collect();
    for operation in operations(&document, &anna) {
        let audience = table[operation.id.as_str()];
        if audience.is_some_and(|audience| !audience.contains(&"customer")) {
            let status = call(&served, &operation, Some(&boris)).await;
            assert_eq!(status, 403, "{}", operation.id);
        }
    }
}
