//! Values that are one word of a request: what the framework asks of every type, said once.

/// Implements [`Type`](poem_openapi::types::Type) for a value that has no parts.
macro_rules! scalar {
    ($type:ty, $name:expr, $schema:expr $(, for<$parameter:ident: $bound:ident>)?) => {
        impl$(<$parameter: $bound>)? poem_openapi::types::Type for $type {
            const IS_REQUIRED: bool = true;

            type RawValueType = Self;
            type RawElementValueType = Self;

            fn name() -> std::borrow::Cow<'static, str> {
                $name.into()
            }

            fn schema_ref() -> poem_openapi::registry::MetaSchemaRef {
                poem_openapi::registry::MetaSchemaRef::Inline(Box::new($schema))
            }

            fn as_raw_value(&self) -> Option<&Self::RawValueType> {
                Some(self)
            }

            fn raw_element_iter<'a>(
                &'a self,
            ) -> Box<dyn Iterator<Item = &'a Self::RawElementValueType> + 'a> {
                Box::new(self.as_raw_value().into_iter())
            }
        }
    };
}

pub(super) use scalar;
