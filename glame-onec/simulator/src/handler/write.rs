//! POST, PATCH, PUT and DELETE; posting and unposting.

use std::sync::PoisonError;

use hyper::Method;
use hyper::header::LOCATION;
use serde_json::Map;
use uuid::Uuid;

use super::convert::{document_from, edit};
use super::read_set::{Target, find, single_json};
use super::{Asked, Handler};
use crate::answer::{Answer, JSON};
use crate::document::{Document, DocumentKind};
use crate::document_object::document_object;
use crate::errors::ODataError;
use crate::object::{Object, ObjectBuilder};
use crate::options::Format;
use crate::read::{Reader, RowWriter, Selection, Style};
use crate::row::Row;
use crate::schema::{Catalog, EntitySet, Shape};
use crate::value::Value;
use crate::world::World;

type Body = Map<String, serde_json::Value>;

impl Handler {
    /// Carries out a request that changes something, all of it or nothing.
    pub(super) fn write(
        &self,
        reader: &Reader,
        asked: &Asked,
        target: &Target<'_>,
        format: Option<Format>,
    ) -> Result<Answer, ODataError> {
        let mut world = self.world.write().unwrap_or_else(PoisonError::into_inner);
        let mut changed = world.clone();
        let schema = std::sync::Arc::clone(&changed.schema);
        let writing = Writing {
            set: target.set,
            shape: WritableShape::of(target.set)?,
        };
        let done = match (&asked.method, target.key, target.tail) {
            (&Method::POST, None, None) => writing.create(&mut changed, &body(asked)?)?,
            (&Method::PATCH | &Method::PUT, Some(key), None) => {
                writing.update(&mut changed, key, &body(asked)?)?
            }
            (&Method::DELETE, Some(key), None) => writing.delete(&mut changed, key)?,
            (&Method::POST, Some(key), Some("Post")) => writing.post(&mut changed, key, true)?,
            (&Method::POST, Some(key), Some("Unpost")) => writing.post(&mut changed, key, false)?,
            _ => return Err(ODataError::wrong_method()),
        };
        *world = changed;
        drop(world);
        let (status, object) = match done {
            Done::Created(object) => (201, object),
            Done::Updated(object) => (200, object),
            Done::Deleted => return Ok(Answer::new(204, JSON, "")),
            Done::Posted => return Ok(Answer::new(200, JSON, "")),
        };
        let id = object.values[0].id().unwrap_or_default();
        let style = Style {
            format: format.unwrap_or(Format::Minimal),
            pretty: reader.quirks.pretty_json,
        };
        let all = Selection::new(&schema, target.set, None, None)?;
        let writer = RowWriter::new(&reader.world, target.set, &all, style);
        let row = Row::Object(object.into());
        let json = single_json(&self.root, target.set, style, &writer, &row);
        let answer = Answer::new(status, JSON, json);
        // The header carries the Cyrillic name as raw UTF-8, as 1C sends it.
        let location = format!("{}/{}(guid'{id}')", self.root, target.set.name);
        Ok(if status == 201 {
            answer.header(LOCATION, location)
        } else {
            answer
        })
    }
}

fn body(asked: &Asked) -> Result<Body, ODataError> {
    let broken = || ODataError::business("Непредвиденный символ при чтении JSON");
    let text = asked
        .body
        .strip_prefix("\u{feff}".as_bytes())
        .unwrap_or(&asked.body);
    serde_json::from_slice(text).map_err(|_| broken())
}

enum Done {
    Created(Object),
    Updated(Object),
    Deleted,
    Posted,
}

#[derive(Clone, Copy, Debug)]
enum WritableShape {
    Catalog(Catalog),
    Document(DocumentKind),
}

impl WritableShape {
    fn of(set: &EntitySet) -> Result<Self, ODataError> {
        match set.shape {
            Shape::Catalog(catalog) => Ok(Self::Catalog(catalog)),
            Shape::Document(kind) => Ok(Self::Document(kind)),
            Shape::Part { .. } => Err(ODataError::part_rows_are_not_written()),
            Shape::Lines(_) | Shape::RecordSets(_) => Err(ODataError::wrong_method()),
        }
    }
}

struct Writing<'a> {
    set: &'a EntitySet,
    shape: WritableShape,
}

impl Writing<'_> {
    fn create(&self, world: &mut World, body: &Body) -> Result<Done, ODataError> {
        let mut object = Object::empty(self.set);
        edit(self.set, &mut object, body)?;
        let id = match object.values[0].id() {
            Some(id) if !id.is_nil() => id,
            _ => world.new_id("posted"),
        };
        if world.document(id).is_some()
            || matches!(self.shape, WritableShape::Catalog(own) if world.object(own, id).is_some())
        {
            return Err(ODataError::duplicate_key());
        }
        object.values[0] = Value::Guid(id);
        match self.shape {
            WritableShape::Catalog(catalog) => {
                let code = self.set.static_column("Code");
                if object.values[code] == Value::text("") {
                    let next = format!("НФ-{:06}", world.places(catalog) % 1_000_000);
                    object.values[code] = Value::Text(next.into());
                }
                world.put_object(catalog, object);
            }
            WritableShape::Document(kind) => {
                let fresh = Document {
                    posted: false,
                    number: format!("НФОД-{:06}", world.version() % 1_000_000),
                    ..Document::posted(kind, id, crate::moment::Moment::EMPTY)
                };
                world.put_document(document_from(self.set, &object, body, fresh));
            }
        }
        self.stored(world, id).map(Done::Created)
    }

    fn update(&self, world: &mut World, key: &str, body: &Body) -> Result<Done, ODataError> {
        let (id, mut object) = self.existing(world, key)?;
        edit(self.set, &mut object, body)?;
        object.values[0] = Value::Guid(id);
        match self.shape {
            WritableShape::Catalog(catalog) => world.put_object(catalog, object),
            WritableShape::Document(_) => {
                let known = world.document(id).ok_or_else(ODataError::no_instance)?;
                let known = known.as_ref().clone();
                world.put_document(document_from(self.set, &object, body, known));
            }
        }
        self.stored(world, id).map(Done::Updated)
    }

    fn delete(&self, world: &mut World, key: &str) -> Result<Done, ODataError> {
        let (id, _) = self.existing(world, key)?;
        match self.shape {
            WritableShape::Catalog(catalog) => world.delete_object(catalog, id),
            WritableShape::Document(_) => {
                if world.document(id).is_some_and(|document| document.posted) {
                    let refusal = "Проведенный документ нельзя удалить, отмените проведение";
                    return Err(ODataError::business(refusal));
                }
                world.delete_document(id);
            }
        }
        Ok(Done::Deleted)
    }

    fn post(&self, world: &mut World, key: &str, posted: bool) -> Result<Done, ODataError> {
        let WritableShape::Document(_) = self.shape else {
            return Err(ODataError::no_method());
        };
        let (id, _) = self.existing(world, key)?;
        let document = world.document(id).ok_or_else(ODataError::no_instance)?;
        if posted && document.deletion_mark {
            return Err(ODataError::business(
                "Помеченный на удаление документ не проводится",
            ));
        }
        world.put_document(Document {
            posted,
            ..document.as_ref().clone()
        });
        Ok(Done::Posted)
    }

    fn existing(&self, world: &World, key: &str) -> Result<(Uuid, Object), ODataError> {
        let row = find(world, self.set, key)?.ok_or_else(ODataError::no_instance)?;
        match row {
            Row::Object(object) => Ok((row_id(&object), object.as_ref().clone())),
            Row::Line { .. } | Row::Recorder { .. } | Row::Part { .. } => {
                Err(ODataError::wrong_method())
            }
        }
    }

    /// The object as it can be read now.
    fn stored(&self, world: &World, id: Uuid) -> Result<Object, ODataError> {
        let stored = match self.shape {
            WritableShape::Catalog(catalog) => world
                .object(catalog, id)
                .map(|object| object.as_ref().clone()),
            WritableShape::Document(_) => world
                .document(id)
                .map(|document| document_object(&world.schema, &document)),
        };
        let object = stored.ok_or_else(ODataError::no_instance)?;
        Ok(ObjectBuilder::edit(self.set, object).build())
    }
}

fn row_id(object: &Object) -> Uuid {
    object.values[0].id().unwrap_or_default()
}
