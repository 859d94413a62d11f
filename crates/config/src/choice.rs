//! Keys that take one word out of a few.
//!
//! `choice!` declares the enum, the words it is written with and its place among the key types.

/// Declares an enum whose variants are written as fixed words.
macro_rules! choice {
    (
        $(#[doc = $doc:literal])+
        $name:ident {
            $( $(#[doc = $variant_doc:literal])+ $variant:ident = $word:literal, )+
        }
    ) => {
        $(#[doc = $doc])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name {
            $(
                $(#[doc = $variant_doc])+
                $variant,
            )+
        }

        impl $name {
            /// The word this choice is written with in a file.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $( Self::$variant => $word, )+
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str(self.as_str())
            }
        }

        impl $crate::value::Setting for $name {
            fn type_name() -> String {
                [$($word),+].join(" or ")
            }

            fn parse(value: &serde_json::Value) -> Result<Self, String> {
                match value.as_str() {
                    $( Some($word) => Ok(Self::$variant), )+
                    _ => Err(format!("{} is not one of the words", $crate::value::show(value))),
                }
            }

            fn render(&self) -> serde_json::Value {
                serde_json::Value::from(self.as_str())
            }

            fn schema() -> serde_json::Value {
                serde_json::json!({"enum": [$($word),+]})
            }

            fn allowed() -> String {
                [$(concat!("`", $word, "`")),+].join(" or ")
            }
        }
    };
}

pub(crate) use choice;
