//! What a template passes to a function or filter, by place or by name.

use minijinja::value::{from_args, Kwargs, Rest};
use minijinja::{Error, ErrorKind, Value};

pub fn wrong(what: &str) -> Error {
    Error::new(ErrorKind::InvalidOperation, what.to_string())
}

pub struct Arguments {
    places: Vec<Value>,
    names: Kwargs,
}

impl Arguments {
    /// Errors: more than `most` by place.
    pub fn new(args: &[Value], most: usize) -> Result<Self, Error> {
        let (Rest(places), names): (Rest<Value>, Kwargs) = from_args(args)?;
        Self::of(places, names, most)
    }

    pub fn of(places: Vec<Value>, names: Kwargs, most: usize) -> Result<Self, Error> {
        if places.len() > most {
            return Err(Error::new(ErrorKind::TooManyArguments, format!("at most {most} are taken")));
        }
        Ok(Self { places, names })
    }

    pub fn value(&self, at: usize, name: &str) -> Result<Option<Value>, Error> {
        match self.places.get(at) {
            Some(value) => Ok(Some(value.clone())),
            None => self.names.get(name),
        }
    }

    pub fn needed(&self, at: usize, name: &str) -> Result<Value, Error> {
        self.value(at, name)?.ok_or_else(|| wrong(&format!("the argument '{name}' is missing")))
    }

    /// Nothing where the argument is absent or none.
    pub fn text(&self, at: usize, name: &str) -> Result<Option<String>, Error> {
        let given = self.value(at, name)?.filter(|value| !value.is_none());
        let text = |value: Value| match value.as_str() {
            Some(text) => Ok(text.to_string()),
            None => Err(wrong(&format!("the argument '{name}' is {} and must be a string", value.kind()))),
        };
        given.map(text).transpose()
    }

    pub fn needed_text(&self, at: usize, name: &str) -> Result<String, Error> {
        self.text(at, name)?.ok_or_else(|| wrong(&format!("the argument '{name}' is missing")))
    }

    /// Nothing where the argument is absent or none.
    pub fn number(&self, at: usize, name: &str) -> Result<Option<i64>, Error> {
        let given = self.value(at, name)?.filter(|value| !value.is_none());
        given.map(i64::try_from).transpose()
    }

    pub fn flag(&self, at: usize, name: &str) -> Result<bool, Error> {
        Ok(self.value(at, name)?.is_some_and(|value| value.is_true()))
    }

    /// Errors: an argument by a name that nobody asked for.
    pub fn finish(&self) -> Result<(), Error> {
        self.names.assert_all_used()
    }
}
