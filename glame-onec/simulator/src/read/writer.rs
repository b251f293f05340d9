//! Writes rows as JSON, from what is selected and how much metadata is wanted.

use std::collections::HashMap;
use std::sync::Arc;

use uuid::Uuid;

use super::select::{Property, Selection, nested_columns};
use crate::document::DocumentKind;
use crate::json::{push_decimal, push_guid, push_integer, push_string};
use crate::options::Format;
use crate::presentation::presentation;
use crate::row::Row;
use crate::schema::{Catalog, Column, EntitySet, Schema};
use crate::value::Value;
use crate::world::World;

/// How JSON is laid out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Style {
    pub(crate) format: Format,
    pub(crate) pretty: bool,
}

#[derive(Debug)]
pub(crate) struct RowWriter {
    world: World,
    set_name: String,
    fields: Vec<Field>,
    links: Vec<Link>,
    types: Arc<HashMap<&'static str, Vec<u8>>>,
    style: Style,
    opening: &'static [u8],
    comma: &'static [u8],
    closing: &'static [u8],
}

#[derive(Debug)]
struct Field {
    /// The name with its quotes and colon, and the type before it where that is shown.
    prefix: Vec<u8>,
    content: Content,
}

#[derive(Debug)]
enum Content {
    Column(usize),
    Nested(usize, RowWriter),
    Presentation,
    PresentationOf {
        column: usize,
        target: Option<Catalog>,
    },
    Expanded {
        column: usize,
        target: Catalog,
        writer: RowWriter,
    },
}

#[derive(Debug)]
struct Link {
    column: usize,
    prefix: Vec<u8>,
    suffix: Vec<u8>,
}

impl RowWriter {
    pub(crate) fn new(world: &World, set: &EntitySet, selection: &Selection, style: Style) -> Self {
        let types = Arc::new(type_names(&world.schema));
        Self::with_types(world, set, selection, style, types)
    }

    fn with_types(
        world: &World,
        set: &EntitySet,
        selection: &Selection,
        style: Style,
        types: Arc<HashMap<&'static str, Vec<u8>>>,
    ) -> Self {
        let mut writer = Self::empty(world, &set.name, style, types);
        for property in &selection.properties {
            writer.add(set, property);
        }
        writer
    }

    fn empty(
        world: &World,
        set_name: &str,
        style: Style,
        types: Arc<HashMap<&'static str, Vec<u8>>>,
    ) -> Self {
        let (opening, comma, closing): (&[u8], &[u8], &[u8]) = if style.pretty {
            (b"{\n", b",\n", b"\n}")
        } else {
            (b"{", b",", b"}")
        };
        Self {
            world: world.clone(),
            set_name: set_name.to_owned(),
            fields: Vec::new(),
            links: Vec::new(),
            types,
            style,
            opening,
            comma,
            closing,
        }
    }

    fn add(&mut self, set: &EntitySet, property: &Property) {
        let schema = Arc::clone(&self.world.schema);
        match property {
            Property::Column(column) => {
                if let Some(columns) = nested_columns(&schema, set, *column) {
                    let inner: Vec<usize> = (0..columns.len()).collect();
                    self.add_nested(set, *column, columns, &inner);
                } else {
                    self.add_column(&set.columns[*column], *column);
                }
            }
            Property::Nested { column, inner } => {
                if let Some(columns) = nested_columns(&schema, set, *column) {
                    self.add_nested(set, *column, columns, inner);
                }
            }
            Property::Presentation => self.push("Presentation", Content::Presentation),
            Property::PresentationOf { column, name } => {
                let target = set.columns[*column]
                    .kind
                    .target()
                    .and_then(Catalog::from_set);
                self.push(
                    name,
                    Content::PresentationOf {
                        column: *column,
                        target,
                    },
                );
            }
            Property::Expanded {
                column,
                target,
                name,
            } => {
                let target_set = schema.catalog(*target);
                let all = (0..target_set.columns.len())
                    .map(Property::Column)
                    .collect();
                let all = Selection { properties: all };
                let types = Arc::clone(&self.types);
                let writer = Self::with_types(&self.world, target_set, &all, self.style, types);
                self.push(
                    name,
                    Content::Expanded {
                        column: *column,
                        target: *target,
                        writer,
                    },
                );
            }
        }
    }

    fn add_column(&mut self, column: &Column, place: usize) {
        let mut prefix = Vec::new();
        if self.style.format == Format::Full && column.kind.edm() != "Edm.String" {
            self.push_name(&mut prefix, &format!("{}@odata.type", column.name));
            push_string(&mut prefix, column.kind.edm());
            prefix.extend_from_slice(self.comma);
        }
        self.push_name(&mut prefix, &column.name);
        self.fields.push(Field {
            prefix,
            content: Content::Column(place),
        });
        if self.style.format != Format::NoMetadata
            && let (Some(name), Some(target)) = (column.link_name(), column.kind.target())
            && self.world.schema.is_published(target)
        {
            let mut prefix = Vec::new();
            self.push_name(&mut prefix, &format!("{name}@navigationLinkUrl"));
            prefix.push(b'"');
            prefix.extend_from_slice(self.set_name.as_bytes());
            let suffix = format!("/{name}\"").into_bytes();
            self.links.push(Link {
                column: place,
                prefix,
                suffix,
            });
        }
    }

    fn add_nested(&mut self, set: &EntitySet, column: usize, columns: &[Column], inner: &[usize]) {
        // Rows inside of an object show no links of their own.
        let style = Style {
            format: Format::NoMetadata,
            ..self.style
        };
        let mut writer = Self::empty(&self.world, &set.name, style, Arc::clone(&self.types));
        for place in inner {
            writer.add_column(&columns[*place], *place);
        }
        self.push(&set.columns[column].name, Content::Nested(column, writer));
    }

    fn push(&mut self, name: &str, content: Content) {
        let mut prefix = Vec::new();
        self.push_name(&mut prefix, name);
        self.fields.push(Field { prefix, content });
    }

    fn push_name(&self, out: &mut Vec<u8>, name: &str) {
        push_string(out, name);
        out.extend_from_slice(if self.style.pretty { b": " } else { b":" });
    }

    /// Writes one object.
    pub(crate) fn write(&self, row: &Row, out: &mut Vec<u8>) {
        out.extend_from_slice(self.opening);
        self.write_properties(row, out);
        out.extend_from_slice(self.closing);
    }

    /// Writes what is between the braces.
    pub(crate) fn write_properties(&self, row: &Row, out: &mut Vec<u8>) {
        let mut first = true;
        if self.style.format == Format::Full {
            self.push_name(out, "odata.type");
            push_string(out, &format!("StandardODATA.{}", self.set_name));
            out.extend_from_slice(self.comma);
            self.push_name(out, "odata.id");
            out.push(b'"');
            out.extend_from_slice(self.set_name.as_bytes());
            self.push_key(row, out);
            out.push(b'"');
            first = false;
        }
        for field in &self.fields {
            if !first {
                out.extend_from_slice(self.comma);
            }
            first = false;
            out.extend_from_slice(&field.prefix);
            self.write_content(&field.content, row, out);
        }
        for link in &self.links {
            if row.value(link.column).id().is_some_and(|id| !id.is_nil()) {
                out.extend_from_slice(self.comma);
                out.extend_from_slice(&link.prefix);
                self.push_key(row, out);
                out.extend_from_slice(&link.suffix);
            }
        }
    }

    fn write_content(&self, content: &Content, row: &Row, out: &mut Vec<u8>) {
        match content {
            Content::Column(column) => self.write_value(&row.value(*column), out),
            Content::Nested(column, writer) => {
                out.push(b'[');
                for (at, inner) in row.nested(*column).iter().enumerate() {
                    if at > 0 {
                        out.push(b',');
                    }
                    writer.write(inner, out);
                }
                out.push(b']');
            }
            Content::Presentation => push_string(out, &self.presentation_of(row)),
            Content::PresentationOf { column, target } => {
                let text = target
                    .zip(row.value(*column).id())
                    .and_then(|(target, id)| {
                        let object = self.world.object(target, id)?;
                        Some(presentation(self.world.schema.catalog(target), &object))
                    })
                    .unwrap_or_default();
                push_string(out, &text);
            }
            Content::Expanded {
                column,
                target,
                writer,
            } => {
                let found = row
                    .value(*column)
                    .id()
                    .and_then(|id| self.world.object(*target, id));
                match found {
                    Some(object) => writer.write(&Row::Object(object), out),
                    None => out.extend_from_slice(b"null"),
                }
            }
        }
    }

    fn presentation_of(&self, row: &Row) -> String {
        match (row, self.world.schema.get(&self.set_name)) {
            (Row::Object(object), Some(set)) => presentation(set, object),
            (Row::Recorder { document, .. } | Row::Line { document, .. }, _) => {
                crate::presentation::of_document(document)
            }
            _ => String::new(),
        }
    }

    fn write_value(&self, value: &Value<'_>, out: &mut Vec<u8>) {
        match value {
            Value::Text(text) => push_string(out, text),
            Value::Reference { set: "", .. } => out.extend_from_slice(b"\"\""),
            Value::Guid(id) | Value::Reference { id, .. } => push_quoted_guid(out, *id),
            Value::Moment(at) => {
                out.push(b'"');
                at.write(out);
                out.push(b'"');
            }
            Value::Flag(true) => out.extend_from_slice(b"true"),
            Value::Flag(false) => out.extend_from_slice(b"false"),
            Value::Number { units, scale } => push_decimal(out, *units, *scale),
            Value::Long(number) => {
                out.push(b'"');
                push_integer(out, *number);
                out.push(b'"');
            }
            Value::Short(number) => push_integer(out, *number),
            Value::TypeName(set) => match self.types.get(set) {
                Some(text) => out.extend_from_slice(text),
                None => out.extend_from_slice(b"\"StandardODATA.Undefined\""),
            },
            Value::Rows(_) => out.extend_from_slice(b"[]"),
        }
    }

    /// Writes the key of a row as it stands in a link.
    fn push_key(&self, row: &Row, out: &mut Vec<u8>) {
        let plain = |out: &mut Vec<u8>, set: &'static str| {
            let quoted = self.types.get(set).map_or(&b"\"\""[..], Vec::as_slice);
            out.extend_from_slice(&quoted[1..quoted.len() - 1]);
        };
        match row {
            Row::Line {
                document, number, ..
            } => {
                out.extend_from_slice(b"(Recorder='");
                push_guid(out, document.id);
                out.extend_from_slice(b"', Recorder_Type='");
                plain(out, document.kind.set_name());
                out.extend_from_slice(b"', LineNumber=");
                push_integer(out, *number);
                out.push(b')');
            }
            Row::Recorder { document, .. } => {
                out.extend_from_slice(b"(Recorder='");
                push_guid(out, document.id);
                out.extend_from_slice(b"', Recorder_Type='");
                plain(out, document.kind.set_name());
                out.extend_from_slice(b"')");
            }
            Row::Object(object) => {
                out.extend_from_slice(b"(guid'");
                push_guid(out, object.values[0].id().unwrap_or_default());
                out.extend_from_slice(b"')");
            }
            Row::Part { .. } => {
                out.extend_from_slice(b"(Ref_Key=guid'");
                push_guid(out, row.subject());
                out.extend_from_slice(b"', LineNumber=");
                push_integer(out, row.value(1).as_whole().unwrap_or(0));
                out.push(b')');
            }
        }
    }
}

fn push_quoted_guid(out: &mut Vec<u8>, id: Uuid) {
    out.push(b'"');
    push_guid(out, id);
    out.push(b'"');
}

/// The quoted type name of every set; an unpublished one is hidden behind a GUID.
fn type_names(schema: &Schema) -> HashMap<&'static str, Vec<u8>> {
    let documents = DocumentKind::ALL.map(DocumentKind::set_name);
    let catalogs = Catalog::ALL.map(Catalog::set_name);
    documents
        .into_iter()
        .chain(catalogs)
        .map(|set| {
            let text = if schema.is_published(set) {
                format!("\"StandardODATA.{set}\"")
            } else {
                let id = Uuid::new_v5(&Uuid::NAMESPACE_OID, set.as_bytes());
                format!("\"UnavailableEntities.UnavailableEntity_{id}\"")
            };
            (set, text.into_bytes())
        })
        .collect()
}
