//! Values that nobody must change on their way.

use serde_json::json;

use crate::bench::Bench;
use crate::broker::New;

/// Values that are JSON, and would be others if somebody wrote them anew.
pub(super) fn odd_ones(bench: &Bench) -> Vec<New> {
    let word = || bench.word();
    let values = [
        format!("{{ \"id\" : \"{}\",  \"n\":1.0 }}", word()),
        json!({ "id": word(), "note": "Zoë said \"no\" 🎧" }).to_string(),
        format!("{{\"z\":\"{}\",\"a\":12345678901234567890,\"e\":1e3}}", word()),
        format!("{{\n  \"id\": \"{}\"\n}}\n", word()),
        format!("{{\"id\":\"{}\",\"slash\":\"\\/\\u00e9\"}}", word()),
        json!([word(), null, { "b": [] }]).to_string(),
        format!(" \r\n{{\"id\":\"{}\"}}\t\r\n", word()),
        format!("\u{feff}{{\"id\":\"{}\"}}", word()),
        json!({ "id": word(), "note": word().repeat(200) }).to_string(),
    ];
    let again = values[0].clone();
    let plain = |_| json!({ "id": word() }).to_string();
    let all = values.into_iter().chain((0..5).map(plain)).collect::<Vec<_>>();
    // Of a key there may be many records, each with a value of its own.
    let key = format!("Zoë's \"{}\" 🎧", word());
    let new = |(number, value): (usize, String)| New {
        partition: (number % 3) as i32,
        key: (number != 4).then(|| if number % 2 == 0 { key.clone() } else { bench.word() }),
        value: Some(value),
    };
    let mut news: Vec<New> = all.into_iter().enumerate().map(new).collect();
    // The same once more is another record.
    news.push(New { partition: 0, key: Some(bench.word()), value: Some(again) });
    news
}
