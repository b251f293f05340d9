//! GET on a set, on one of its objects, or on what hangs on them.

use super::virtual_tables;
use crate::answer::{Answer, HEAD_START, JSON, TEXT};
use crate::atom;
use crate::body::RowStream;
use crate::document_object::document_object;
use crate::errors::ODataError;
use crate::json::push_string;
use crate::options::{Format, QueryOptions};
use crate::read::{Plan, Reader, RowWriter, Rows, Selection, Style};
use crate::request::{Literal, named_literals};
use crate::row::{Row, lines};
use crate::schema::{Catalog, ColumnKind, EntitySet, Shape};
use crate::value::Value;
use crate::world::World;

/// What a path names inside of a published set.
#[derive(Debug)]
pub(super) struct Target<'a> {
    pub(super) set: &'a EntitySet,
    pub(super) key: Option<&'a str>,
    pub(super) tail: Option<&'a str>,
}

pub(super) fn read(
    reader: &Reader,
    root: &str,
    target: &Target<'_>,
    options: &QueryOptions,
    format: Option<Format>,
) -> Result<Answer, ODataError> {
    match (target.key, target.tail) {
        (None, None) => collection(reader, root, target.set, options, format),
        (None, Some("$count")) => count(reader, target.set, options),
        (None, Some(method)) => {
            virtual_tables::read(reader, root, target.set, method, options, format)
        }
        (Some(key), tail) => {
            let row = find(&reader.world, target.set, key)?.ok_or_else(ODataError::no_instance)?;
            if reader.hidden.contains(&row.subject()) {
                return Err(ODataError::no_rights());
            }
            match tail {
                None => single(reader, root, target.set, options, format, &row),
                Some(name) => follow(reader, root, target.set, options, format, &row, name),
            }
        }
    }
}

pub(super) fn style(reader: &Reader, format: Option<Format>) -> Style {
    Style {
        format: format.unwrap_or(Format::Minimal),
        pretty: reader.quirks.pretty_json,
    }
}

fn selection(
    reader: &Reader,
    set: &EntitySet,
    options: &QueryOptions,
) -> Result<Selection, ODataError> {
    let (select, expand) = (options.select.as_deref(), options.expand.as_deref());
    Selection::new(&reader.world.schema, set, select, expand)
}

fn collection(
    reader: &Reader,
    root: &str,
    set: &EntitySet,
    options: &QueryOptions,
    format: Option<Format>,
) -> Result<Answer, ODataError> {
    let selection = selection(reader, set, options)?;
    let plan = Plan::new(reader, set, options)?;
    let total = if options.inlinecount {
        let all = QueryOptions {
            top: None,
            skip: 0,
            ..options.clone()
        };
        Some(Rows::new(reader, set, Plan::new(reader, set, &all)?).count()?)
    } else {
        None
    };
    let rows = Rows::new(reader, set, plan);
    let style = style(reader, format);
    let writer = RowWriter::new(&reader.world, set, &selection, style);
    if matches!(format, None | Some(Format::Atom)) {
        return atom::feed(root, &set.name, rows, &writer);
    }
    let mut start = opening(style, &format!("{root}/$metadata#{}", set.name), total);
    let mut stream = RowStream::new(rows, writer, style.pretty, false);
    let more = stream.fill(&mut start, HEAD_START)?;
    let mut answer = Answer::new(200, JSON, start);
    answer.rest = more.then(|| Box::new(stream));
    Ok(answer)
}

/// The envelope up to the first row.
pub(super) fn opening(style: Style, metadata: &str, total: Option<usize>) -> Vec<u8> {
    let (line, space): (&[u8], &[u8]) = if style.pretty {
        (b"\n", b" ")
    } else {
        (b"", b"")
    };
    let mut out = b"{".to_vec();
    out.extend_from_slice(line);
    let mut property = |name: &[u8], text: &str| {
        out.extend_from_slice(name);
        out.push(b':');
        out.extend_from_slice(space);
        push_string(&mut out, text);
        out.push(b',');
        out.extend_from_slice(line);
    };
    if style.format != Format::NoMetadata {
        property(b"\"odata.metadata\"", metadata);
    }
    if let Some(total) = total {
        property(b"\"odata.count\"", &total.to_string());
    }
    out.extend_from_slice(b"\"value\":");
    out.extend_from_slice(space);
    out.push(b'[');
    out
}

fn count(reader: &Reader, set: &EntitySet, options: &QueryOptions) -> Result<Answer, ODataError> {
    let all = QueryOptions {
        top: None,
        skip: 0,
        orderby: None,
        ..options.clone()
    };
    let count = Rows::new(reader, set, Plan::new(reader, set, &all)?).count()?;
    Ok(Answer::new(200, TEXT, format!("\u{feff}{count}")))
}

fn single(
    reader: &Reader,
    root: &str,
    set: &EntitySet,
    options: &QueryOptions,
    format: Option<Format>,
    row: &Row,
) -> Result<Answer, ODataError> {
    let selection = selection(reader, set, options)?;
    let style = style(reader, format);
    let writer = RowWriter::new(&reader.world, set, &selection, style);
    if matches!(format, None | Some(Format::Atom)) {
        return Ok(atom::entry(root, &set.name, row, &writer));
    }
    Ok(Answer::new(
        200,
        JSON,
        single_json(root, set, style, &writer, row),
    ))
}

/// One object with its envelope.
pub(super) fn single_json(
    root: &str,
    set: &EntitySet,
    style: Style,
    writer: &RowWriter,
    row: &Row,
) -> Vec<u8> {
    let (line, space): (&[u8], &[u8]) = if style.pretty {
        (b"\n", b" ")
    } else {
        (b"", b"")
    };
    let mut out = b"{".to_vec();
    out.extend_from_slice(line);
    if style.format != Format::NoMetadata {
        out.extend_from_slice(b"\"odata.metadata\":");
        out.extend_from_slice(space);
        push_string(&mut out, &format!("{root}/$metadata#{}/@Element", set.name));
        out.push(b',');
        out.extend_from_slice(line);
    }
    writer.write_properties(row, &mut out);
    out.extend_from_slice(line);
    out.push(b'}');
    out
}

/// `/Set(key)/Link` and `/Set(key)/Property`.
fn follow(
    reader: &Reader,
    root: &str,
    set: &EntitySet,
    options: &QueryOptions,
    format: Option<Format>,
    row: &Row,
    name: &str,
) -> Result<Answer, ODataError> {
    let missing = || ODataError::no_segment(name);
    if let Some(column) = set
        .columns
        .iter()
        .position(|column| column.link_name() == Some(name))
    {
        let target = set.columns[column].kind.target().ok_or_else(missing)?;
        let catalog = Catalog::from_set(target).ok_or_else(missing)?;
        let target = reader.world.schema.published(target).ok_or_else(missing)?;
        let object = row
            .value(column)
            .id()
            .and_then(|id| reader.world.object(catalog, id))
            .ok_or_else(ODataError::no_instance)?;
        return single(reader, root, target, options, format, &Row::Object(object));
    }
    let (property, raw) = match name.strip_suffix("/$value") {
        Some(property) => (property, true),
        None => (name, false),
    };
    let column = set.find(property).ok_or_else(missing)?;
    let selection = Selection {
        properties: vec![crate::read::Property::Column(column)],
    };
    let style = Style {
        format: Format::NoMetadata,
        pretty: false,
    };
    let writer = RowWriter::new(&reader.world, set, &selection, style);
    let mut out = Vec::new();
    writer.write_properties(row, &mut out);
    let colon = out
        .iter()
        .position(|byte| *byte == b':')
        .map_or(0, |at| at + 1);
    let value = &out[colon..];
    if raw {
        let text: Vec<u8> = value.iter().copied().filter(|byte| *byte != b'"').collect();
        return Ok(Answer::new(200, TEXT, text));
    }
    Ok(Answer::new(
        200,
        JSON,
        [b"{\"value\":", value, b"}"].concat(),
    ))
}

/// Finds the row of a key; every part of the key must be there.
pub(crate) fn find(world: &World, set: &EntitySet, key: &str) -> Result<Option<Row>, ODataError> {
    let literals = named_literals(key)?;
    let literal = |name: &str| {
        literals
            .iter()
            .find(|(own, _)| own == name || (own.is_empty() && set.key.len() == 1))
            .map(|(_, literal)| literal)
            .ok_or_else(ODataError::incomplete_key)
    };
    let guid = |name: &str| match literal(name)? {
        Literal::Guid(id) => Ok(*id),
        Literal::Text(text) => crate::filter::lexer::parse_guid(text)
            .ok_or_else(|| ODataError::bad_value(text, "Edm.Guid")),
        Literal::Moment(_) | Literal::Whole(_) | Literal::Flag(_) => {
            Err(ODataError::syntax("$key"))
        }
    };
    let number = || match literal("LineNumber")? {
        Literal::Whole(number) => Ok(*number),
        Literal::Text(text) => text
            .parse()
            .map_err(|_| ODataError::bad_value(text, "Edm.Int64")),
        Literal::Guid(_) | Literal::Moment(_) | Literal::Flag(_) => Err(ODataError::syntax("$key")),
    };
    match set.shape {
        Shape::Catalog(catalog) => Ok(world.object(catalog, guid("Ref_Key")?).map(Row::Object)),
        Shape::Document(kind) => {
            let document = world
                .document(guid("Ref_Key")?)
                .filter(|found| found.kind == kind);
            Ok(document.map(|found| Row::Object(document_object(&world.schema, &found).into())))
        }
        Shape::Part { owner, part } => {
            let (id, wanted) = (guid("Ref_Key")?, number()?);
            let owner = &world.schema.sets[owner];
            let parent = find(world, owner, &format!("guid'{id}'"))?;
            let column = owner
                .columns
                .iter()
                .position(|own| own.kind == ColumnKind::Part(part));
            Ok(parent.zip(column).and_then(|(parent, column)| {
                let mut rows = parent.nested(column).into_iter();
                rows.find(|row| row.value(1) == Value::Long(wanted))
            }))
        }
        Shape::Lines(register) => {
            let (id, kind, wanted) = (guid("Recorder")?, literal("Recorder_Type")?, number()?);
            Ok(recorder(world, id, kind).and_then(|document| {
                lines(&document, register)
                    .into_iter()
                    .find(|row| matches!(row, Row::Line { number, .. } if *number == wanted))
            }))
        }
        Shape::RecordSets(register) => {
            let (id, kind) = (guid("Recorder")?, literal("Recorder_Type")?);
            Ok(recorder(world, id, kind).map(|document| Row::Recorder { document, register }))
        }
    }
}

fn recorder(
    world: &World,
    id: uuid::Uuid,
    kind: &Literal,
) -> Option<std::sync::Arc<crate::document::Document>> {
    let Literal::Text(kind) = kind else {
        return None;
    };
    let kind = kind.strip_prefix("StandardODATA.")?;
    world
        .document(id)
        .filter(|found| found.kind.set_name() == kind)
}
