//! rest/03: the four places of a request that hold data.

mod demo;

use http::{HeaderName, Method, StatusCode};

use self::demo::{Demo, expect, expect_all, expect_value, expect_values, many_at_once, one_amid_the_other};
use super::README;
use crate::bench::Bench;
use crate::exercise::{Exercise, Role, checks};
use crate::http::request;
use crate::verdict::Outcome;

pub(crate) const EXERCISE: Exercise = Exercise {
    id: "rest/03",
    name: "four_places",
    role: Role::RestServer,
    data: include_str!("four_places.toml"),
    readme: README,
    checks: checks![
        it_answers_200_in_json,
        each_value_has_its_name,
        the_path_is_decoded,
        the_query_is_decoded,
        the_header_stays_as_it_is,
        the_body_stays_as_it_is,
        an_empty_parameter_is_there,
        what_is_missing_is_400,
    ],
};

/// Servers behind some proxies never see a header with an underscore.
const HEADER: HeaderName = HeaderName::from_static("header-demo");
const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";
const MULTIPART: &str = "multipart/form-data; boundary=b";

async fn it_answers_200_in_json(bench: &mut Bench) -> Outcome {
    let request = Demo::plain(bench).request();
    let answer = bench.server().await?.send(request).await?;
    answer.expect_status(StatusCode::OK)?;
    answer.expect_json_type()
}

async fn each_value_has_its_name(bench: &mut Bench) -> Outcome {
    let path = bench.word();
    // The same path each time: the rest is new.
    expect_all(bench, &Demo { path: path.clone(), ..Demo::plain(bench) }).await?;
    for turn in 0..3 {
        let demo = Demo { path: path.clone(), ..Demo::plain(bench) };
        let request = demo.crowded(bench, turn);
        let answer = bench.server().await?.send(request).await?;
        expect_values(&answer, &demo.values())?;
    }
    let demo = Demo::plain(bench);
    expect(bench, demo.request().title_case(), "header", &demo.header).await?;
    expect(bench, demo.request().odd_case(), "header", &demo.header).await?;
    texts_stay_texts(bench).await?;
    let of = [Demo::plain(bench), Demo::plain(bench)];
    for (demo, answer) in of.iter().zip(one_amid_the_other(bench, [&of[0], &of[1]]).await?) {
        expect_values(&answer, &demo.values())?;
    }
    // Longer than what some cut it to.
    let [path, param, header] = ["p", "q", "h"].map(|place| format!("{}{}", bench.word(), place.repeat(300)));
    expect_all(bench, &Demo::of([path, param, header, Demo::plain(bench).body])).await?;
    many_at_once(bench).await
}

/// What looks like something else, in each of the places.
async fn texts_stay_texts(bench: &mut Bench) -> Outcome {
    let number = bench.number(1_000);
    let long = format!("{number}{number}{}", "0".repeat(20));
    // In a body they are JSON as well, and stay the same when they are read as that.
    let mut bodies = ["0", "true", "null", "false"].map(str::to_owned).to_vec();
    bodies.extend([number.to_string(), format!("-{number}")]);
    let mut texts = bodies.clone();
    texts.extend(["1.0".to_owned(), "undefined".to_owned(), format!("00{number}"), format!("{number}e3"), long]);
    for turn in 0..texts.len() {
        let [path, param, header] = [0, 2, 5].map(|at| texts[at].clone());
        let body = bodies[turn % bodies.len()].clone();
        expect_all(bench, &Demo::of([path, param, header, body])).await?;
        texts.rotate_left(1);
    }
    Ok(())
}

async fn the_path_is_decoded(bench: &mut Bench) -> Outcome {
    let word = bench.word();
    let encoded = [
        ("WORDa%20%20b", "WORDa  b"),
        ("WORD%C3%A9%f0%9f%8e%a7", "WORDé🎧"),
        ("WORD1+1", "WORD1+1"),
        ("WORD100%2525", "WORD100%25"),
        ("WORD%3CB%3E%26%22", "WORD<B>&\""),
        ("%20WORD%20", " WORD "),
        ("%20", " "),
        ("%2BWORD%3D%23%3F", "+WORD=#?"),
        ("e%CC%81WORD%2520", "e\u{301}WORD%20"),
        ("WORD=a&b:c@d,e~(f)", "WORD=a&b:c@d,e~(f)"),
    ];
    for [sent, value] in encoded.map(|(sent, value)| [sent, value].map(|text| text.replace("WORD", &word))) {
        let demo = Demo { path: sent, ..Demo::plain(bench) };
        expect(bench, demo.request(), "path", &value).await?;
    }
    Ok(())
}

async fn the_query_is_decoded(bench: &mut Bench) -> Outcome {
    let word = bench.word();
    let encoded = [
        ("WORDa%20%20b", "WORDa  b"),
        ("WORD%C3%A9%f0%9f%8e%a7", "WORDé🎧"),
        ("WORD1+1", "WORD1 1"),
        ("WORD1%2b1", "WORD1+1"),
        ("WORDa%26b%3Dc", "WORDa&b=c"),
        ("WORD%20%3CB%3E%20", "WORD <B> "),
        ("WORD100%2525", "WORD100%25"),
        ("+%20WORD+", "  WORD "),
        ("WORD=a==", "WORD=a=="),
        ("=WORD", "=WORD"),
        ("%22WORD%22%5C%23%3B%2520", "\"WORD\"\\#;%20"),
        ("e%CC%81WORD/:?@,", "e\u{301}WORD/:?@,"),
        ("%20+", "  "),
        ("WORD%0A%09WORD", "WORD\n\tWORD"),
    ];
    for [sent, value] in encoded.map(|(sent, value)| [sent, value].map(|text| text.replace("WORD", &word))) {
        let query = format!("before=1&param_demo={sent}&behind=2");
        let demo = Demo { query, ..Demo::plain(bench) };
        expect(bench, demo.request(), "param", &value).await?;
    }
    Ok(())
}

async fn the_header_stays_as_it_is(bench: &mut Bench) -> Outcome {
    let word = bench.word();
    let values = [
        format!("a%20b+{word}"),
        format!("{word}, \"B\"; c=<1>"),
        format!("{word}  100%25"),
        format!("\"{word}\""),
        format!("a={word}; b=\"c\\d\"; /?&#'"),
        format!("=?utf-8?q?{word}=20?="),
        format!("{word}.").repeat(100),
    ];
    for value in values {
        let demo = Demo { header: value.clone(), ..Demo::plain(bench) };
        expect(bench, demo.request(), "header", &value).await?;
    }
    Ok(())
}

async fn the_body_stays_as_it_is(bench: &mut Bench) -> Outcome {
    let word = bench.word();
    let bodies = [
        (FORM, format!("name={word}&place=a%20b+c&name=")),
        (FORM, word.clone()),
        ("application/x-www-form-urlencoded; charset=utf-8", format!("name={word}&place=a+c")),
        ("application/vnd.api+json", format!("{{ \"a\":  \"{word}\" , \"b\":1.0}}")),
        ("text/html", format!("<p>{word} é</p>")),
        (MULTIPART, format!("--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n{word}\r\n--b--\r\n")),
        (JSON, format!("{{ \"b\":  1.0,\n  \"a\": \"{word}\", \"b\": [null] }}\r\n")),
        (JSON, format!("{{\"{word}\":")),
        (JSON, format!("\"{word} \\u00e9\"")),
        (JSON, String::new()),
        (FORM, String::new()),
        ("text/plain", format!(" \t{word} é🎧 e\u{301} \\u00e9 %20 <&>\r\n\r\n\n")),
        ("text/plain; charset=utf-8", "\n \n".to_owned()),
        ("application/xml", format!("<a b='{word}'>&amp;</a>")),
        ("application/octet-stream", format!("{word}\u{0}é")),
        ("text/plain", String::new()),
        // More than one read of a socket brings.
        ("text/plain", format!("{:\n<20}", word).repeat(1_000)),
        ("text/plain", format!("{word}é🎧").repeat(1_100)),
    ];
    for (kind, body) in bodies {
        let demo = Demo { body, ..Demo::plain(bench) };
        expect(bench, demo.request_in(kind), "body", &demo.body).await?;
    }
    // It has the names of the other places.
    let body = format!("param_demo={word}&header-demo={word}&path_demo={word}&body={word}");
    let demo = Demo { body, ..Demo::plain(bench) };
    let answer = bench.server().await?.send(demo.request_in(FORM)).await?;
    expect_values(&answer, &demo.values())?;
    // And nothing is said of it.
    let demo = Demo { body: format!("{word}é"), ..Demo::plain(bench) };
    expect(bench, demo.request_of_no_type(), "body", &demo.body).await?;
    let body = format!("{word} é");
    let demo = Demo { body: body.clone(), ..Demo::plain(bench) };
    let [answer, _] = one_amid_the_other(bench, [&demo, &Demo::plain(bench)]).await?;
    expect_value(&answer, "body", &body)
}

async fn an_empty_parameter_is_there(bench: &mut Bench) -> Outcome {
    for query in ["param_demo=", "a=1&param_demo=&b=2"] {
        let demo = Demo { query: query.to_owned(), ..Demo::plain(bench) };
        expect(bench, demo.request(), "param", "").await?;
    }
    Ok(())
}

async fn what_is_missing_is_400(bench: &mut Bench) -> Outcome {
    let word = bench.word();
    let other = format!("param={word}");
    let plain = Demo::plain(bench);
    let without_both = || request(Method::POST, &format!("/demo/{}", plain.path)).body(JSON, plain.body.clone());
    let without_query = || request(Method::POST, &format!("/demo/{}", plain.path)).header(HEADER, "a");
    let [param_demo, longer, long] = ["param-demo", "x-header-demo", "header-demo-x"].map(HeaderName::from_static);
    let beside = format!("{}&header-demo={word}", plain.query);
    let requests = [
        Demo { query: other, ..Demo::plain(bench) }.request(),
        without_query().body(JSON, plain.body.clone()),
        plain.without_header(),
        without_both(),
        // What is missing stands elsewhere.
        without_query().header(param_demo, &word).body(FORM, format!("param_demo={word}")),
        Demo { query: format!("param_demox={word}&xparam_demo={word}&a=param_demo={word}"), ..Demo::plain(bench) }
            .request(),
        Demo { query: beside, ..Demo::plain(bench) }.without_header().header(longer, &word).header(long, &word),
    ];
    for request in requests {
        let answer = bench.server().await?.send(request).await?;
        let refused = [StatusCode::BAD_REQUEST, StatusCode::UNPROCESSABLE_ENTITY].contains(&answer.status());
        answer.expect("the status 400 or 422", refused)?;
    }
    // What a server doesn't read of a request that it refuses is still on the connection.
    let behind = plain.request().after(without_both());
    expect_values(&bench.server().await?.send(behind).await?, &plain.values())
}
