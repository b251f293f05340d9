use std::collections::HashMap;

use glame_core::catalogue::{Product, ProductKind};
use glame_core::ports::Rejected;
use glame_core::values::{PlainText, ProductRef};
use uuid::Uuid;

use super::{Reason, named, optional_key, required_key};
use crate::records::Text;
use crate::records::product::{PRODUCTS, ProductRow, product_kind};
use crate::settings::BrandSource;

/// The names that articles refer to.
#[derive(Debug, Default)]
pub(crate) struct Names {
    /// Names of categories.
    pub(crate) categories: HashMap<Uuid, String>,
    /// Names of folders or of manufacturers, whichever brands are read from.
    pub(crate) brands: HashMap<Uuid, String>,
}

/// Reads an article; a folder is none.
pub(crate) fn product(
    row: &ProductRow<'_>,
    names: &Names,
    brand_source: BrandSource,
) -> Result<Option<Product>, Rejected> {
    if row.is_folder == Some(true) {
        return Ok(None);
    }
    read(row, names, brand_source)
        .map(Some)
        .map_err(|reason| reason.reject(&PRODUCTS, named(row.reference.as_ref())))
}

fn read(row: &ProductRow<'_>, names: &Names, brand_source: BrandSource) -> Result<Product, Reason> {
    let name = plain(row.name.as_ref()).or_else(|| plain(row.full_name.as_ref()));
    let category = optional_key(row.category.as_ref(), "КатегорияНоменклатуры_Key")?;
    let brand = match brand_source {
        BrandSource::Folder => optional_key(row.folder.as_ref(), "Parent_Key")?,
        BrandSource::Manufacturer => optional_key(row.manufacturer.as_ref(), "Производитель_Key")?,
    };
    let name_of = |key: Option<Uuid>, names: &HashMap<Uuid, String>| {
        key.and_then(|key| names.get(&key))
            .and_then(|name| PlainText::clean(name))
    };
    Ok(Product {
        product: ProductRef::from_uuid(required_key(row.reference.as_ref(), "Ref_Key")?),
        name: name.ok_or(Reason::Missing("Description"))?,
        article: plain(row.article.as_ref()),
        category: name_of(category, &names.categories),
        brand: name_of(brand, &names.brands),
        kind: kind(row.kind.as_deref().unwrap_or_default()),
        removed: row
            .marked_for_deletion
            .ok_or(Reason::Missing("DeletionMark"))?,
    })
}

/// Tells goods from the rest; a kind that is not known is taken for goods, as in the figures.
fn kind(name: &str) -> ProductKind {
    if product_kind::SERVICES.contains(&name) {
        ProductKind::Service
    } else if name == product_kind::GIFT_CERTIFICATE {
        ProductKind::GiftCertificate
    } else {
        ProductKind::Goods
    }
}

fn plain(text: Option<&Text<'_>>) -> Option<PlainText> {
    text.and_then(|text| PlainText::clean(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FOLDER: &str = "7a10d001-3f2b-11ef-8a01-0050569a0001";
    const CATEGORY: &str = "7a10d002-3f2b-11ef-8a01-0050569a0001";

    fn names() -> Names {
        let key = |text| Uuid::try_parse(text).unwrap();
        Names {
            categories: HashMap::from([(key(CATEGORY), "Серьги".to_owned())]),
            brands: HashMap::from([(key(FOLDER), "Kalliope".to_owned())]),
        }
    }

    fn row(kind: &str) -> String {
        format!(
            "{{\"Ref_Key\":\"7a10f001-3f2b-11ef-8a01-0050569a0001\",\"DeletionMark\":false,\
             \"IsFolder\":false,\"Description\":\"Серьги «Лён»\",\"Артикул\":\"A-1\",\
             \"ТипНоменклатуры\":\"{kind}\",\"КатегорияНоменклатуры_Key\":\"{CATEGORY}\",\
             \"Parent_Key\":\"{FOLDER}\"}}"
        )
    }

    fn read_json(json: &str, source: BrandSource) -> Result<Option<Product>, Rejected> {
        product(&serde_json::from_str(json).unwrap(), &names(), source)
    }

    #[test]
    fn category_and_brand_are_names() {
        let product = read_json(&row("Запас"), BrandSource::Folder)
            .unwrap()
            .unwrap();
        assert_eq!(product.category.unwrap().as_str(), "Серьги");
        assert_eq!(product.brand.unwrap().as_str(), "Kalliope");
        assert_eq!(product.article.unwrap().as_str(), "A-1");
        let product = read_json(&row("Запас"), BrandSource::Manufacturer)
            .unwrap()
            .unwrap();
        assert_eq!(product.brand, None);
    }

    #[test]
    fn kinds_are_told_apart() {
        for (name, kind) in [
            ("Запас", ProductKind::Goods),
            ("Услуга", ProductKind::Service),
            ("Работа", ProductKind::Service),
            ("ПодарочныйСертификат", ProductKind::GiftCertificate),
            ("", ProductKind::Goods),
        ] {
            let product = read_json(&row(name), BrandSource::Folder).unwrap().unwrap();
            assert_eq!(product.kind, kind, "{name}");
        }
    }

    #[test]
    fn a_folder_is_no_article_and_a_nameless_article_is_rejected() {
        let folder = format!("{{\"Ref_Key\":\"{FOLDER}\",\"IsFolder\":true}}");
        assert_eq!(read_json(&folder, BrandSource::Folder).unwrap(), None);
        let nameless = format!("{{\"Ref_Key\":\"{FOLDER}\",\"DeletionMark\":false}}");
        assert!(read_json(&nameless, BrandSource::Folder).is_err());
    }
}
