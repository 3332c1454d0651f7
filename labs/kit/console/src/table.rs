//! The table of orders: 80 columns, whatever the values.
//!
//! Its columns are as wide for every row, so that pages can be printed as they
//! arrive. `created_by` is the last: it may hold characters about whose width
//! terminals disagree, and so nothing stands behind it to be pushed aside.

use lab_orders::Order;

use crate::text::{cut, cut_lines, wrap, wrap_words};

/// What every terminal has.
pub(crate) const WIDTH: usize = 80;
/// Lines of one order; `get` shows what has no room here.
const MOST_LINES: usize = 3;

const ID: usize = 36;
const STATUS: usize = 10;
const VERSION: usize = 4;
/// The longest two names and a space: two items stand in one line.
const EQUIPMENT: usize = 16;
const CREATED_BY: usize = WIDTH - ID - STATUS - VERSION - EQUIPMENT - 4;

/// The names of the columns.
pub(crate) fn header() -> String {
    row("ID", "STATUS", " VER", "EQUIPMENT", "CREATED BY")
}

/// An order's line, or up to three if its equipment or its name takes more room.
pub(crate) fn lines(order: &Order) -> Vec<String> {
    let (id, status) = (order.id.to_string(), order.status.name());
    let version = format!("{:>VERSION$}", cut(&order.version.to_string(), VERSION));
    let equipment = cut_lines(wrap_words(&items(order, " "), EQUIPMENT), MOST_LINES, EQUIPMENT);
    let created_by = cut_lines(wrap(&order.created_by, CREATED_BY), MOST_LINES, CREATED_BY);
    (0..equipment.len().max(created_by.len()))
        .map(|at| {
            let (equipment, created_by) = (line(&equipment, at), line(&created_by, at));
            if at == 0 {
                row(&id, status, &version, equipment, created_by)
            } else {
                row("", "", "", equipment, created_by)
            }
        })
        .collect()
}

fn row(id: &str, status: &str, version: &str, equipment: &str, created_by: &str) -> String {
    let row = format!("{id:ID$} {status:STATUS$} {version:VERSION$} {equipment:EQUIPMENT$} {created_by}");
    row.trim_end().to_owned()
}

fn line(lines: &[String], at: usize) -> &str {
    lines.get(at).map_or("", String::as_str)
}

/// The order's equipment in one text.
pub(crate) fn items(order: &Order, separator: &str) -> String {
    order.equipment.iter().map(|item| item.name()).collect::<Vec<_>>().join(separator)
}
