//! `$metadata` and the service document, made from the field table.

use std::fmt::Write;

use crate::json::push_string;
use crate::schema::{Column, ColumnKind, EntitySet, Register, Schema, Shape};

const TYPES: &str = "StandardODATA";

/// The EDMX of all published sets, in the layout of a real base.
pub(crate) fn edmx(schema: &Schema) -> String {
    let sets: Vec<&EntitySet> = schema
        .sets
        .iter()
        .filter(|set| schema.is_published(&set.name))
        .collect();
    let mut out = String::with_capacity(1 << 18);
    out.push_str(concat!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n",
        "<edmx:Edmx xmlns:edmx=\"http://schemas.microsoft.com/ado/2007/06/edmx\" Version=\"1.0\">\n",
        " <edmx:DataServices xmlns:m=\"http://schemas.microsoft.com/ado/2007/08/dataservices/metadata\"",
        " m:DataServiceVersion=\"3.0\" m:MaxDataServiceVersion=\"3.0\">\n",
        "  <Schema xmlns=\"http://schemas.microsoft.com/ado/2009/11/edm\" Namespace=\"StandardODATA\">\n",
    ));
    for set in &sets {
        entity_type(&mut out, schema, set);
    }
    for set in &sets {
        complex_types(&mut out, set);
    }
    enumerations(&mut out, &sets);
    for set in &sets {
        associations(&mut out, schema, set);
    }
    out.push_str(
        "   <EntityContainer Name=\"EnterpriseV8\" m:IsDefaultEntityContainer=\"true\">\n",
    );
    for set in &sets {
        let name = escape(&set.name);
        line(
            &mut out,
            4,
            &format!("<EntitySet Name=\"{name}\" EntityType=\"{TYPES}.{name}\"/>"),
        );
    }
    for set in &sets {
        functions(&mut out, set);
    }
    out.push_str("   </EntityContainer>\n  </Schema>\n </edmx:DataServices>\n</edmx:Edmx>\n");
    out
}

fn line(out: &mut String, depth: usize, text: &str) {
    let _infallible = writeln!(out, "{:depth$}{text}", "");
}

fn entity_type(out: &mut String, schema: &Schema, set: &EntitySet) {
    let open = set
        .columns
        .iter()
        .any(|column| matches!(column.kind, ColumnKind::Composite(_)));
    let open = if open { " OpenType=\"true\"" } else { "" };
    line(
        out,
        3,
        &format!("<EntityType Name=\"{}\"{open}>", escape(&set.name)),
    );
    let keys: Vec<String> = set
        .key
        .iter()
        .map(|key| format!("<PropertyRef Name=\"{key}\"/>"))
        .collect();
    let keys = keys.concat();
    line(out, 4, &format!("<Key>{keys}</Key>"));
    for column in &set.columns {
        property(out, set, column);
    }
    for column in &set.columns {
        if let (Some(name), Some(target)) = (column.link_name(), column.kind.target())
            && schema.is_published(target)
        {
            let relation = format!("{TYPES}.{}_{name}", escape(&set.name));
            line(
                out,
                4,
                &format!(
                    "<NavigationProperty Name=\"{}\" Relationship=\"{relation}\" \
                     FromRole=\"Begin\" ToRole=\"End\"/>",
                    escape(name)
                ),
            );
        }
    }
    line(out, 3, "</EntityType>");
}

fn property(out: &mut String, set: &EntitySet, column: &Column) {
    let nullable = !set.key.contains(&column.original)
        && !matches!(column.kind, ColumnKind::Part(_) | ColumnKind::Lines(_));
    let kind = if let ColumnKind::Part(part) = column.kind {
        format!(
            "Collection({TYPES}.{}_{}_RowType)",
            set.name, set.parts[part].name
        )
    } else if let ColumnKind::Lines(_) = column.kind {
        format!("Collection({TYPES}.{}_RowType)", set.name)
    } else {
        column.kind.edm().to_owned()
    };
    line(
        out,
        4,
        &format!(
            "<Property Name=\"{}\" Type=\"{}\" Nullable=\"{nullable}\"/>",
            escape(&column.name),
            escape(&kind)
        ),
    );
}

fn complex_types(out: &mut String, set: &EntitySet) {
    match set.shape {
        Shape::Part { .. } => complex_type(out, set, &format!("{}_RowType", set.name)),
        Shape::Lines(register) => {
            complex_type(out, set, &format!("{}_RowType", register.set_name()));
            virtual_types(out, set, register);
        }
        Shape::Catalog(_) | Shape::Document(_) | Shape::RecordSets(_) => {}
    }
}

fn complex_type(out: &mut String, set: &EntitySet, name: &str) {
    line(out, 3, &format!("<ComplexType Name=\"{}\">", escape(name)));
    for column in &set.columns {
        let text = format!(
            "<Property Name=\"{}\" Type=\"{}\" Nullable=\"true\"/>",
            escape(&column.name),
            column.kind.edm()
        );
        line(out, 4, &text);
    }
    line(out, 3, "</ComplexType>");
}

/// The result types of a register's virtual tables.
fn virtual_types(out: &mut String, set: &EntitySet, register: Register) {
    let dimensions = || {
        set.columns
            .iter()
            .filter(|column| register.dimensions().contains(&column.original))
    };
    let mut table = |name: &str, suffixes: &[&str]| {
        line(
            out,
            3,
            &format!("<ComplexType Name=\"{}_{name}\">", register.set_name()),
        );
        for column in dimensions() {
            let text = format!(
                "<Property Name=\"{}\" Type=\"{}\" Nullable=\"true\"/>",
                escape(&column.name),
                column.kind.edm()
            );
            line(out, 4, &text);
        }
        for resource in register.resources() {
            for suffix in suffixes {
                let text = format!(
                    "<Property Name=\"{resource}{suffix}\" Type=\"Edm.Double\" Nullable=\"true\"/>"
                );
                line(out, 4, &text);
            }
        }
        line(out, 3, "</ComplexType>");
    };
    if register.has_balance() {
        table("Balance", &["Balance"]);
        table("Turnovers", &["Turnover", "Receipt", "Expense"]);
    } else {
        table("Turnovers", &["Turnover"]);
    }
}

fn enumerations(out: &mut String, sets: &[&EntitySet]) {
    let mut names: Vec<&str> = sets
        .iter()
        .flat_map(|set| &set.columns)
        .filter_map(|column| {
            if let ColumnKind::Enumeration(name) = column.kind {
                Some(name)
            } else {
                None
            }
        })
        .collect();
    names.sort_unstable();
    names.dedup();
    for name in names {
        line(
            out,
            3,
            &format!("<EnumType Name=\"{name}\" UnderlyingType=\"Edm.Int32\">"),
        );
        for member in members(name) {
            line(out, 4, &format!("<Member Name=\"{member}\"/>"));
        }
        line(out, 3, "</EnumType>");
    }
}

/// The values of the enumerations that a client of sales compares with.
fn members(name: &str) -> &'static [&'static str] {
    match name {
        "СтатусыЧековККМ" => {
            &["ТоварЗарезервирован", "Пробит", "ЧекНеПробит", "Отложен"]
        }
        "СтатусыОтчетаОРозничныхПродажах" => {
            &["Открыта", "Закрыта", "ЗакрытаЧекиЗаархивированы"]
        }
        "ПолФизическогоЛица" => &["Мужской", "Женский"],
        "ТипыНоменклатуры" => &[
            "Запас",
            "Услуга",
            "Работа",
            "Операция",
            "ВидРабот",
            "ПодарочныйСертификат",
        ],
        "ВидыКонтрагентов" => &[
            "ЮридическоеЛицо",
            "ИндивидуальныйПредприниматель",
            "ФизическоеЛицо",
            "ГосударственныйОрган",
        ],
        "ТипыКарт" => &["Магнитная", "Штриховая", "Смешанная"],
        "ВидыБезналичныхОплат" => {
            &["БанковскаяКарта", "ПодарочныйСертификат", "Бонусы", "СБП"]
        }
        _ => &["ПустоеЗначение"],
    }
}

fn associations(out: &mut String, schema: &Schema, set: &EntitySet) {
    for column in &set.columns {
        let (Some(name), Some(target)) = (column.link_name(), column.kind.target()) else {
            continue;
        };
        if schema.is_published(target) {
            let own = escape(&set.name);
            line(
                out,
                3,
                &format!("<Association Name=\"{own}_{}\">", escape(name)),
            );
            line(
                out,
                4,
                &format!("<End Role=\"Begin\" Type=\"{TYPES}.{own}\" Multiplicity=\"*\"/>"),
            );
            line(
                out,
                4,
                &format!("<End Role=\"End\" Type=\"{TYPES}.{target}\" Multiplicity=\"0..1\"/>"),
            );
            line(out, 3, "</Association>");
        }
    }
}

fn functions(out: &mut String, set: &EntitySet) {
    let binding = format!(
        "<Parameter Name=\"bindingParameter\" Type=\"{TYPES}.{}\"/>",
        escape(&set.name)
    );
    match set.shape {
        Shape::RecordSets(register) => {
            let mut table = |name: &str, times: &[&str]| {
                let result = format!("Collection({TYPES}.{}_{name})", register.set_name());
                line(
                    out,
                    4,
                    &format!(
                        "<FunctionImport Name=\"{name}\" IsBindable=\"true\" \
                         IsSideEffecting=\"false\" ReturnType=\"{result}\">"
                    ),
                );
                line(out, 5, &binding);
                line(
                    out,
                    5,
                    "<Parameter Name=\"Condition\" Type=\"Edm.String\"/>",
                );
                line(
                    out,
                    5,
                    "<Parameter Name=\"Dimensions\" Type=\"Edm.String\"/>",
                );
                for time in times {
                    line(
                        out,
                        5,
                        &format!("<Parameter Name=\"{time}\" Type=\"Edm.DateTime\"/>"),
                    );
                }
                line(out, 4, "</FunctionImport>");
            };
            if register.has_balance() {
                table("Balance", &["Period"]);
            }
            table("Turnovers", &["StartPeriod", "EndPeriod"]);
        }
        Shape::Document(_) => {
            for (name, extra) in [
                (
                    "Post",
                    "<Parameter Name=\"PostingModeOperational\" Type=\"Edm.Boolean\"/>",
                ),
                ("Unpost", ""),
            ] {
                line(
                    out,
                    4,
                    &format!(
                        "<FunctionImport Name=\"{name}\" IsBindable=\"true\" \
                         IsSideEffecting=\"true\">{binding}{extra}</FunctionImport>"
                    ),
                );
            }
        }
        Shape::Catalog(_) | Shape::Part { .. } | Shape::Lines(_) => {}
    }
}

/// The list of published sets as JSON.
pub(crate) fn service_json(schema: &Schema, root: &str) -> Vec<u8> {
    let mut out = b"{\n\"odata.metadata\": ".to_vec();
    push_string(&mut out, &format!("{root}/$metadata"));
    out.extend_from_slice(b",\n\"value\": [");
    let mut first = true;
    for set in schema
        .sets
        .iter()
        .filter(|set| schema.is_published(&set.name))
    {
        out.extend_from_slice(if first {
            b"{\n\"name\": "
        } else {
            b",{\n\"name\": "
        });
        first = false;
        push_string(&mut out, &set.name);
        out.extend_from_slice(b",\n\"url\": ");
        push_string(&mut out, &set.name);
        out.extend_from_slice(b"\n}");
    }
    out.extend_from_slice(b"]\n}");
    out
}

/// The list of published sets as the Atom Publishing Protocol writes it.
pub(crate) fn service_xml(schema: &Schema, root: &str) -> String {
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<service \
         xmlns=\"http://www.w3.org/2007/app\" xmlns:atom=\"http://www.w3.org/2005/Atom\" \
         xml:base=\"{}/\"><workspace><atom:title>Default</atom:title>",
        escape(root)
    );
    for set in schema
        .sets
        .iter()
        .filter(|set| schema.is_published(&set.name))
    {
        let name = escape(&set.name);
        let _infallible = write!(
            out,
            "<collection href=\"{name}\"><atom:title>{name}</atom:title></collection>"
        );
    }
    out.push_str("</workspace></service>");
    out
}

pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for mark in text.chars() {
        match mark {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            _ => out.push(mark),
        }
    }
    out
}
