"""The names of the formats in which a trace leaves (see `app.exports`), for who only has to know them."""

FORMATS = ("bundle", "chrome", "csv", "html")
