//! What a base publishes: the service document and `$metadata`, read as streams.

use std::collections::{BTreeMap, BTreeSet};

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Error as XmlError, XmlVersion};
use serde::Deserialize;

use crate::errors::{Fault, FaultKind};

/// The names of the published sets.
pub(crate) type PublishedSets = BTreeSet<String>;

/// The sets of `$metadata` that were asked for, with their properties.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Metadata {
    types: BTreeMap<String, EntityType>,
}

/// One kind of row.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct EntityType {
    /// The names of the key, in the order of the document.
    pub(crate) key: Vec<String>,
    /// The type of each property, such as `Edm.Guid`.
    pub(crate) properties: BTreeMap<String, String>,
}

impl Metadata {
    /// Gives a set, if it is published.
    pub(crate) fn entity(&self, set: &str) -> Option<&EntityType> {
        self.types.get(set)
    }

    /// Reads the document as a stream and keeps the wanted sets only.
    pub(crate) fn read(document: &[u8], wanted: &[&str]) -> Result<Self, Fault> {
        let text = std::str::from_utf8(document).map_err(broken)?;
        let mut reader = Reader::from_str(text);
        let mut metadata = Self::default();
        let mut current: Option<(String, EntityType)> = None;
        let mut seen_root = false;
        loop {
            match reader.read_event().map_err(broken)? {
                Event::Start(element) | Event::Empty(element) => {
                    let name = element.local_name();
                    seen_root |= name.as_ref() == "Edmx";
                    match (name.as_ref(), &mut current) {
                        ("EntityType", _) => {
                            let name = attribute(&element, "Name").map_err(broken)?;
                            current = name
                                .filter(|name| wanted.contains(&name.as_str()))
                                .map(|name| (name, EntityType::default()));
                        }
                        ("PropertyRef", Some((_, entity))) => {
                            entity
                                .key
                                .extend(attribute(&element, "Name").map_err(broken)?);
                        }
                        ("Property", Some((_, entity))) => {
                            let name = attribute(&element, "Name").map_err(broken)?;
                            let kind = attribute(&element, "Type").map_err(broken)?;
                            entity.properties.extend(name.zip(kind));
                        }
                        _ => {}
                    }
                }
                Event::End(element) if element.local_name().as_ref() == "EntityType" => {
                    metadata.types.extend(current.take());
                }
                Event::Eof => break,
                Event::End(_)
                | Event::Text(_)
                | Event::CData(_)
                | Event::Comment(_)
                | Event::Decl(_)
                | Event::PI(_)
                | Event::DocType(_)
                | Event::GeneralRef(_) => {}
            }
        }
        if seen_root {
            Ok(metadata)
        } else {
            Err(Fault::new(FaultKind::Unexpected(
                "with XML that is no metadata",
            )))
        }
    }
}

/// Reads the service document, in JSON or in XML.
pub(crate) fn published_sets(document: &[u8]) -> Result<PublishedSets, Fault> {
    if document.trim_ascii_start().starts_with(b"<") {
        return published_sets_of_xml(document);
    }
    let document: ServiceDocument = serde_json::from_slice(document).map_err(broken)?;
    Ok(document
        .value
        .into_iter()
        .map(|set| set.name.unwrap_or(set.url))
        .collect())
}

#[derive(Deserialize)]
struct ServiceDocument {
    value: Vec<ServiceSet>,
}

#[derive(Deserialize)]
struct ServiceSet {
    name: Option<String>,
    #[serde(default)]
    url: String,
}

fn published_sets_of_xml(document: &[u8]) -> Result<PublishedSets, Fault> {
    let text = std::str::from_utf8(document).map_err(broken)?;
    let mut reader = Reader::from_str(text);
    let mut sets = PublishedSets::new();
    let mut seen_root = false;
    loop {
        match reader.read_event().map_err(broken)? {
            Event::Start(element) | Event::Empty(element) => match element.local_name().as_ref() {
                "service" => seen_root = true,
                "collection" => sets.extend(attribute(&element, "href").map_err(broken)?),
                _ => {}
            },
            Event::Eof => break,
            Event::End(_)
            | Event::Text(_)
            | Event::CData(_)
            | Event::Comment(_)
            | Event::Decl(_)
            | Event::PI(_)
            | Event::DocType(_)
            | Event::GeneralRef(_) => {}
        }
    }
    if seen_root {
        Ok(sets)
    } else {
        Err(Fault::new(FaultKind::Unexpected(
            "with XML that is no service document",
        )))
    }
}

fn attribute(element: &BytesStart<'_>, name: &str) -> Result<Option<String>, XmlError> {
    let attribute = element.try_get_attribute(name).map_err(XmlError::from)?;
    attribute
        .map(|attribute| {
            attribute
                .normalized_value(XmlVersion::Explicit1_0)
                .map(Into::into)
        })
        .transpose()
}

fn broken(error: impl std::error::Error + Send + Sync + 'static) -> Fault {
    Fault::caused_by(
        FaultKind::Unexpected("with a description of the base that breaks off"),
        error,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const EDMX: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<edmx:Edmx xmlns:edmx="http://schemas.microsoft.com/ado/2007/06/edmx" Version="1.0">
 <edmx:DataServices><Schema Namespace="StandardODATA">
  <EntityType Name="AccumulationRegister_Продажи_RecordType" OpenType="true">
   <Key><PropertyRef Name="Recorder"/><PropertyRef Name="LineNumber"/></Key>
   <Property Name="Recorder" Type="Edm.String" Nullable="false"/>
   <Property Name="Period" Type="Edm.DateTime"></Property>
   <NavigationProperty Name="Номенклатура" Relationship="x"/>
  </EntityType>
  <EntityType Name="Catalog_Валюты"><Property Name="Code" Type="Edm.String"/></EntityType>
  <ComplexType Name="AccumulationRegister_Продажи_RowType"><Property Name="Other" Type="Edm.String"/></ComplexType>
 </Schema></edmx:DataServices>
</edmx:Edmx>"#;

    #[test]
    fn only_wanted_sets_are_kept() {
        let set = "AccumulationRegister_Продажи_RecordType";
        let metadata = Metadata::read(EDMX.as_bytes(), &[set]).unwrap();
        let entity = metadata.entity(set).unwrap();
        assert_eq!(entity.key, ["Recorder", "LineNumber"]);
        let names: Vec<&str> = entity.properties.keys().map(String::as_str).collect();
        assert_eq!(names, ["Period", "Recorder"]);
        assert_eq!(entity.properties["Period"], "Edm.DateTime");
        assert!(metadata.entity("Catalog_Валюты").is_none());
    }

    #[test]
    fn xml_that_is_not_metadata_is_refused() {
        assert!(Metadata::read(b"<feed/>", &[]).is_err());
        assert!(Metadata::read(b"<edmx:Edmx><Schema></edmx:Edmx>", &[]).is_err());
    }

    #[test]
    fn both_forms_of_the_service_document_are_read() {
        let json = r#"{"odata.metadata":"x","value":[{"name":"Catalog_X","url":"Catalog_X"}]}"#;
        let xml = r#"<service xmlns="http://www.w3.org/2007/app" xmlns:atom="http://www.w3.org/2005/Atom">
            <workspace><atom:title>Default</atom:title><collection href="Catalog_X"><atom:title>Catalog_X
            </atom:title></collection></workspace></service>"#;
        let expected = PublishedSets::from(["Catalog_X".to_owned()]);
        assert_eq!(published_sets(json.as_bytes()).unwrap(), expected);
        assert_eq!(published_sets(xml.as_bytes()).unwrap(), expected);
        assert!(published_sets(b"{}").is_err());
    }
}
