//! Every story of the table, then everything that can be told anywhere, then a whole world of random answers.

mod fixtures;
mod properties;
mod stories;
mod table;
