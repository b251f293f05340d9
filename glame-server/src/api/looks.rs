//! Looks and the articles that they are made of.

use std::collections::BTreeSet;
use std::sync::Arc;

use glame_core::customers::SearchText;
use glame_core::looks::{
    LookContent, LookOrigin, LookQuery, LookStatus, LookTag, LookVersion, ProductQuery,
};
use glame_core::users::Role;
use glame_core::values::{ImageUrl, LookId, ProductRef};
use poem::web::Data;
use poem_openapi::param::{Header, Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::types::Example;
use poem_openapi::{Object, OpenApi};
use uuid::Uuid;

use super::answer::{Answer, Made, Told, Versioned};
use super::etag::IfMatch;
use super::paging::Page;
use super::parameters::{CursorText, PageLength};
use super::problem::statuses;
use super::signed_in::{Anybody, ContentMakers, SignedIn};
use super::text::plain;
use super::views::{LookView, ProductView};
use super::{Area, Problem, ProblemCode, Text, etag};
use crate::app::App;

statuses! {
    /// What shows looks and articles.
    Reading = [400, 401, 403, 404, 413, 422, 429, 500, 503];
    /// What changes looks.
    Changing = [400, 401, 403, 404, 409, 412, 413, 415, 422, 428, 429, 500, 503];
}

/// Looks and the articles that they are made of.
#[derive(Debug, Clone, Copy)]
pub struct LooksApi;

/// A look as its maker describes it.
#[derive(Debug, Object)]
#[oai(deny_unknown_fields, example)]
pub struct LookInput {
    /// Its title.
    #[oai(validator(min_length = 1, max_length = 200))]
    pub title: Text,
    /// What there is to say about it.
    #[oai(validator(min_length = 1, max_length = 5000))]
    pub description: Option<Text>,
    /// The articles, by their ids.
    #[oai(validator(min_items = 1, max_items = 50))]
    pub product_ids: Vec<Uuid>,
    /// Style and mood.
    #[oai(default, validator(max_items = 20))]
    pub tags: Vec<Text>,
    /// A picture; https.
    #[oai(validator(max_length = 2000))]
    pub image_url: Option<Text>,
}

impl Example for LookInput {
    fn example() -> Self {
        Self {
            title: "Вечер у моря".into(),
            description: None,
            product_ids: vec![Uuid::from_u128(0x1c)],
            tags: vec!["вечер".into()],
            image_url: None,
        }
    }
}

impl LookInput {
    fn read(&self) -> Result<LookContent, Problem> {
        let tags = self.tags.iter().map(|tag| {
            LookTag::parse(tag).map_err(|error| {
                Problem::of_field(ProblemCode::ValueInvalid, "/tags", error.to_string())
            })
        });
        let description = self.description.as_deref();
        let image = self.image_url.as_deref();
        Ok(LookContent {
            title: plain(&self.title, "/title")?,
            description: description
                .map(|text| plain(text, "/description"))
                .transpose()?,
            products: self
                .product_ids
                .iter()
                .copied()
                .map(ProductRef::from_uuid)
                .collect(),
            tags: tags.collect::<Result<BTreeSet<_>, _>>()?,
            image_url: image
                .map(|text| {
                    ImageUrl::parse(text).map_err(|error| {
                        let detail = error.to_string();
                        Problem::of_field(ProblemCode::ValueInvalid, "/image_url", detail)
                    })
                })
                .transpose()?,
        })
    }
}

/// What is changed of a look.
#[derive(Debug, Object)]
#[oai(deny_unknown_fields, example)]
pub struct LookUpdate {
    /// The look as it is from now on.
    pub look: LookInput,
    /// Whether customers see it.
    pub active: bool,
}

impl Example for LookUpdate {
    fn example() -> Self {
        Self {
            look: LookInput::example(),
            active: true,
        }
    }
}

/// Looks, newest first.
#[derive(Debug, Object)]
pub struct Looks {
    /// The looks.
    pub items: Vec<LookView>,
    /// Where the list goes on.
    pub page: Page,
}

/// Articles, by name.
#[derive(Debug, Object)]
pub struct Products {
    /// The articles.
    pub items: Vec<ProductView>,
    /// Where the list goes on.
    pub page: Page,
}

#[OpenApi(prefix_path = "/api", tag = "Area::Looks")]
impl LooksApi {
    /// List looks, newest first; archived ones only for those who make them.
    #[oai(path = "/looks", method = "get", operation_id = "listLooks")]
    async fn list(
        &self,
        me: SignedIn<Anybody>,
        app: Data<&Arc<App>>,
        /// Only looks with this tag.
        #[oai(validator(min_length = 1, max_length = 50))]
        tag: Query<Option<String>>,
        /// Show archived looks as well, to those who make them.
        #[oai(default)]
        archived: Query<bool>,
        /// Where to go on.
        cursor: Query<Option<CursorText>>,
        /// How many looks.
        #[oai(default)]
        limit: Query<PageLength>,
    ) -> Answer<Told<Looks>, Reading> {
        let makes = matches!(me.role, Role::Admin | Role::ContentManager);
        let status = (!makes || !archived.0).then_some(LookStatus::Active);
        let tag = tag.0.as_deref().map(|tag| {
            LookTag::parse(tag).map_err(|error| {
                Problem::of_field(ProblemCode::ValueInvalid, "tag", error.to_string())
            })
        });
        let tag = tag.transpose()?;
        let list = format!("looks {tag:?} {status:?}");
        let query = LookQuery {
            tag,
            origin: None,
            status,
            after: app.cursors.place(&list, cursor.0.as_deref())?,
            limit: limit.get(),
        };
        let found = app.looks.looks(&query).await.map_err(Problem::from)?;
        Ok(Told::new(Looks {
            items: found.looks.iter().map(LookView::from).collect(),
            page: app.cursors.page(&list, found.next.as_ref()),
        }))
    }

    /// Make a look.
    #[oai(path = "/looks", method = "post", operation_id = "createLook")]
    async fn create(
        &self,
        me: SignedIn<ContentMakers>,
        app: Data<&Arc<App>>,
        body: Json<LookInput>,
    ) -> Answer<Told<LookView, Made>, Changing> {
        let made = app
            .looks
            .create(body.read()?, LookOrigin::Catalogue, &me.actor())
            .await
            .map_err(Problem::from)?;
        let location = format!("/api/looks/{}", made.id.as_uuid());
        Ok(Told::made(LookView::from(&made), &location))
    }

    /// Show a look.
    #[oai(path = "/looks/:id", method = "get", operation_id = "getLook")]
    async fn get(
        &self,
        me: SignedIn<Anybody>,
        app: Data<&Arc<App>>,
        /// The look.
        id: Path<Uuid>,
    ) -> Answer<Told<LookView, Versioned>, Reading> {
        let look = app.looks.look(LookId::from_uuid(id.0));
        let look = look.await.map_err(Problem::from)?;
        let makes = matches!(me.role, Role::Admin | Role::ContentManager);
        if look.status == LookStatus::Archived && !makes {
            return Err(Problem::new(ProblemCode::NotFound, "there is no such look").into());
        }
        Ok(Told::in_version(LookView::from(&look), look.version.get()))
    }

    /// Change a look, archive it, or show it again.
    #[oai(path = "/looks/:id", method = "put", operation_id = "updateLook")]
    async fn update(
        &self,
        me: SignedIn<ContentMakers>,
        app: Data<&Arc<App>>,
        /// The look.
        id: Path<Uuid>,
        /// The version that is changed, from `ETag`.
        #[oai(name = "If-Match")]
        if_match: Header<Option<IfMatch>>,
        body: Json<LookUpdate>,
    ) -> Answer<Told<LookView, Versioned>, Changing> {
        let version = LookVersion::new(etag::needed(if_match.0)?);
        let status = if body.active {
            LookStatus::Active
        } else {
            LookStatus::Archived
        };
        let look = app
            .looks
            .change(
                LookId::from_uuid(id.0),
                Some(version),
                body.look.read()?,
                status,
                &me.actor(),
            )
            .await
            .map_err(Problem::from)?;
        Ok(Told::in_version(LookView::from(&look), look.version.get()))
    }

    /// List articles of the catalogue, by name.
    #[oai(path = "/products", method = "get", operation_id = "listProducts")]
    #[expect(
        clippy::too_many_arguments,
        reason = "each is a parameter of the query"
    )]
    async fn products(
        &self,
        _me: SignedIn<Anybody>,
        app: Data<&Arc<App>>,
        /// Parts of the name or the number.
        #[oai(validator(max_length = 200))]
        search: Query<Option<String>>,
        /// Only this category.
        #[oai(validator(max_length = 200))]
        category: Query<Option<String>>,
        /// Only this brand.
        #[oai(validator(max_length = 200))]
        brand: Query<Option<String>>,
        /// Where to go on.
        cursor: Query<Option<CursorText>>,
        /// How many articles.
        #[oai(default)]
        limit: Query<PageLength>,
    ) -> Answer<Told<Products>, Reading> {
        let list = format!("products {:?} {:?} {:?}", search.0, category.0, brand.0);
        let given = |text: &Option<String>| text.clone().filter(|text| !text.trim().is_empty());
        let text = given(&search.0).map(|text| {
            SearchText::parse(&text).map_err(|error| {
                Problem::of_field(ProblemCode::ValueInvalid, "search", error.to_string())
            })
        });
        let named = |text: &Option<String>, name: &str| {
            given(text).map(|text| plain(&text, name)).transpose()
        };
        let query = ProductQuery {
            text: text.transpose()?,
            category: named(&category.0, "category")?,
            brand: named(&brand.0, "brand")?,
            after: app.cursors.place(&list, cursor.0.as_deref())?,
            limit: limit.get(),
        };
        let found = app.looks.products(&query).await.map_err(Problem::from)?;
        Ok(Told::new(Products {
            items: found.products.iter().map(ProductView::from).collect(),
            page: app.cursors.page(&list, found.next.as_ref()),
        }))
    }
}
