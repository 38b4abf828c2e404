"""The words component alone in a browser, without a server: what a reader sees, hears and can do by key."""

import pytest
from playwright.sync_api import expect

from tests.app.component import HUMAN, WORDS, data
from tests.app.material import HOSTILE

COUNTED_STEP = """
() => {
  let asked = 0;
  for (const [kind, names] of [
    [Element, ['getBoundingClientRect', 'getClientRects', 'querySelector', 'querySelectorAll', 'closest']],
    [DocumentFragment, ['querySelector', 'querySelectorAll']],
  ])
    for (const name of names) {
      const own = kind.prototype[name];
      kind.prototype[name] = function (...given) { asked += 1; return own.apply(this, given); };
    }
  const step = root.querySelectorAll('.layer')[1];
  const watch = new MutationObserver(() => {});
  watch.observe(root, {attributes: true, childList: true, characterData: true, subtree: true});
  step.click();
  return [watch.takeRecords().length, asked];
}
"""
MOUNT = """
async ([html, css, js, data]) => {
  const host = document.createElement('div');
  document.body.style.margin = '20px';
  document.body.append(host);
  const root = host.attachShadow({mode: 'open'});
  root.innerHTML = html;
  const style = document.createElement('style');
  style.textContent = css;
  root.prepend(style);
  const module = await import(URL.createObjectURL(new Blob([js], {type: 'text/javascript'})));
  window.told = [];
  window.root = root;
  window.show = (data) => module.default({
    parentElement: root, data, setStateValue: (name, value) => window.told.push([name, value]),
  });
  window.close_ = window.show(data);
}
"""


@pytest.fixture
def mount(browser):
    from workbench.components import words

    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: message.type == "error" and errors.append(message.text))

    def show(data):
        page.evaluate(MOUNT, [words.HTML, words.style(), words.script(), data])
        return page

    yield show
    context.close()
    assert not errors


def units(page, what="u => u.getAttribute('aria-label')"):
    return page.evaluate(f"[...root.querySelectorAll('.text .unit')].map({what})")


def boxes(page):
    return units(page, "u => JSON.stringify(u.getBoundingClientRect())")


def point(page, index):
    x, y = units(page, "u => (b => [b.x + 5, b.y + 5])(u.getBoundingClientRect())")[index]
    page.mouse.move(x, y)


def classes(page, index):
    return set(units(page, "u => u.className")[index].split())


def test_a_word_says_what_it_is_in_its_label_and_by_a_sign_of_its_own(mount):
    page = mount(data())
    assert units(page)[:4] == [
        "the: not selected, score 0.100",
        "script: selected, a hit, score 0.500",
        "forgets: selected, a hit, score 0.400",
        "what: not selected, score 0",
    ]
    assert units(page)[6] == "doing: not selected, a miss, score 0"
    assert {"chosen", "found"} <= classes(page, 1)
    assert "lost" in classes(page, 6)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert units(page)[7] == ".: selected, false alarm, score 0.500"
    assert "alarm" in classes(page, 7)
    assert "against" in classes(page, 6)


def test_the_document_never_reflows(mount):
    page = mount(
        data(WORDS * 40, HUMAN * 40, [[0.1, 0.5, 0.4, 0, 0, 0, 0, 0] * 40, [0, 0.9, 0, 0.1, 0, 0, 0, 0] * 40])
    )
    before = boxes(page)
    page.evaluate("window.first = root.querySelector('.unit')")
    page.keyboard.press("ArrowRight")
    assert boxes(page) == before
    other = data(WORDS * 40, HUMAN * 40, [[0.3] * 320, [0.0] * 320], version="another method")
    page.evaluate("data => show(data)", other)
    assert boxes(page) == before
    assert page.evaluate("first === root.querySelector('.unit') && first.isConnected")
    point(page, 9)
    page.evaluate("root.querySelectorAll('.unit')[11].click()")
    assert boxes(page) == before


def test_the_keyboard_alone_is_enough(mount):
    page = mount(data())
    reachable = units(page, "u => u.tabIndex")
    assert reachable == [0] + [-1] * 7  # one tab stop for all words
    page.evaluate("root.querySelector('.unit').focus()")
    for key, at in (("ArrowRight", 1), ("ArrowRight", 2), ("End", 7), ("ArrowRight", 7), ("Home", 0)):
        page.keyboard.press(key)
        assert page.evaluate("root.activeElement.unit") == at
    page.keyboard.press("ArrowDown")
    assert page.evaluate("root.querySelector('[aria-checked=true]').textContent").startswith("Layer 1")
    assert page.evaluate("root.activeElement.unit") == 0  # the word keeps the focus
    page.keyboard.press("Enter")
    assert units(page, "u => u.getAttribute('aria-selected')")[0] == "true"
    page.keyboard.press("Escape")
    assert units(page, "u => u.getAttribute('aria-selected')")[0] == "false"
    page.wait_for_function("told.length >= 2")
    assert page.evaluate("told") == [["layer", 1], ["pins", {"document": "d1", "words": []}]]


def test_slider_list_and_buttons_step_the_same_layer(mount):
    page = mount(data())
    heading = "root.querySelector('.text-card h2').textContent"
    page.evaluate("root.querySelector('.slider').focus()")
    page.keyboard.press("ArrowRight")
    assert page.evaluate(heading) == "What layer 1 weighs"
    page.evaluate("root.querySelectorAll('.layer')[2].click()")
    assert page.evaluate(heading) == "What layer 2 weighs"
    assert page.evaluate("root.querySelector('.slider').value") == "2"
    assert page.evaluate("root.querySelector('.slider').getAttribute('aria-valuetext')") == "Layer 2"
    page.evaluate("root.querySelector('[aria-label=\"previous layer\"]').click()")
    assert page.evaluate(heading) == "What layer 1 weighs"
    page.evaluate("root.querySelectorAll('.layer')[1].focus()")
    page.keyboard.press("ArrowUp")
    assert page.evaluate(heading) == "What layer 0 weighs"
    assert page.evaluate("root.activeElement.textContent").startswith("Layer 0")


def test_playing_ends_at_the_last_layer_and_tells_once(mount):
    page = mount(data())
    page.evaluate("root.querySelector('.play').click()")
    page.wait_for_function("root.querySelector('.slider').value === '2'")
    page.wait_for_function("told.length > 0")
    assert page.evaluate("told") == [["layer", 2]]
    assert "play" in page.evaluate("root.querySelector('.play').textContent")


def test_pointing_at_a_word_shows_its_scores_and_its_column(mount):
    page = mount(data())
    point(page, 1)
    card = page.evaluate("root.querySelector('.side-word').innerText")
    assert "script" in card
    assert "human rationale" in card
    values = "[...root.querySelectorAll('.ladder .value')].map(cell => cell.textContent)"
    assert page.evaluate(values) == ["0.500", "0.900", "0"]
    assert page.evaluate("root.querySelector('.column-frame').hidden") is False


def test_pointing_at_the_map_lights_the_word_and_a_click_goes_there(mount):
    page = mount(data())
    box = page.evaluate("(b => [b.x, b.y])(root.querySelector('.strip').getBoundingClientRect())")
    page.mouse.move(box[0] + 26 + 26 * 2 + 5, box[1] + 14 + 13 + 5)  # third word, second layer
    assert "pointed" in classes(page, 2)
    page.mouse.click(box[0] + 26 + 26 * 2 + 5, box[1] + 14 + 13 + 5)
    assert page.evaluate("root.querySelector('.slider').value") == "1"


def test_the_map_is_painted_where_scores_are(mount):
    page = mount(data())
    pixel = """([row, word]) => {
      const canvas = root.querySelector('canvas'), ratio = canvas.width / canvas.clientWidth;
      return [...canvas.getContext('2d').getImageData(
        (26 + 26 * word + 10) * ratio, (14 + 13 * row + 5) * ratio, 1, 1).data];
    }"""
    assert page.evaluate(pixel, [0, 1])[3] == 255  # the row's highest score is opaque
    assert page.evaluate(pixel, [0, 3])[3] == 0
    assert 0 < page.evaluate(pixel, [0, 0])[3] < 100


def test_pins_stay_with_the_document(mount):
    page = mount(data(pins=[2]))
    assert units(page, "u => u.classList.contains('pinned')").index(True) == 2
    tokens = {**data(text="tokens"), "words": [-1, 0, 1, 2, 2, 3, 4, -1], "version": "2"}
    page.evaluate("data => show(data)", tokens)
    assert units(page, "u => u.classList.contains('pinned')") == [i in (3, 4) for i in range(8)]
    page.evaluate("data => show(data)", data(version="3", text="t3", document="d2"))
    assert not any(units(page, "u => u.classList.contains('pinned')"))


def test_dropped_words_have_their_own_signs(mount):
    """What a page of dropped tokens sends: kept, dropped here, dropped before, a rationale that is lost."""
    fall = data(rows=[[0.3, 0.3, 0.3, 0.1, 0, 0, 0, 0], [0, 0.9, 0.1, 0, 0, 0, 0, 0]])
    fall["panels"][0]["marks"] = [[1, 1, 1, 2, 3, 3, 3, 3], [2, 1, 2, 3, 3, 3, 3, 3]]
    fall["panels"][0]["alarms"] = False
    fall["version"] = "fall"
    page = mount(fall)
    before = boxes(page)
    page.keyboard.press("ArrowRight")
    assert boxes(page) == before
    assert units(page)[:4] == [
        "the: dropped here, score 0",
        "script: selected, a hit, score 0.900",
        "forgets: dropped here, a miss, score 0.100",
        "what: dropped before, score 0",
    ]
    assert [{"dropped", "gone", "chosen", "lost"} & classes(page, i) for i in range(4)] == [
        {"dropped"}, {"chosen"}, {"dropped", "lost"}, {"gone"},
    ]  # fmt: skip
    ink = units(page, "u => getComputedStyle(u).color")
    assert contrast(ink[3]) >= 4.5
    assert contrast(ink[0]) >= 4.5
    assert units(page, "u => getComputedStyle(u).textDecorationLine")[0] == "line-through"


def contrast(colour, ground=(255, 255, 255)):
    """WCAG contrast of a CSS rgb() colour."""

    def light(rgb):
        linear = [c / 3294.6 if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in rgb]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    ink = [int(part) for part in colour.removeprefix("rgb(").removesuffix(")").split(",")]
    one, two = sorted((light(ink), light(ground)))
    return (two + 0.05) / (one + 0.05)


def test_ink_can_be_read_on_the_darkest_ground(mount):
    from rationale.report.palette import AMBER

    page = mount(data())
    ground = tuple(int(AMBER[i : i + 2], 16) for i in (1, 3, 5))
    assert contrast(units(page, "u => getComputedStyle(u).color")[1], ground) >= 4.5


def test_hostile_words_stay_text(mount):
    words = [*HOSTILE, "", "\u200b", '" onmouseover="hacked=1', "</span><script>hacked=1</script>", "a b"]
    page = mount(data(words, [0] * len(words), [[0.1] * len(words)]))
    point(page, 1)
    page.evaluate("root.querySelectorAll('.unit').forEach(u => u.click())")
    assert page.evaluate("window.hacked") is None
    assert page.evaluate("root.querySelectorAll('script, img').length") == 0
    shown = units(page, "u => u.textContent")
    for at, word in enumerate(words):
        if len(word) < 400 and word.strip("\u200b"):
            assert shown[at] == word
    assert shown[2].startswith("x" * 120 + "…")
    assert shown[2].endswith("10,000 characters")
    assert shown[len(HOSTILE)] == "⟨empty⟩"
    assert shown[len(HOSTILE) + 1] == "⟨U+200B⟩"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_saved_it_is_a_page_of_its_own_that_still_answers(browser, tmp_path):
    from workbench.components.words import standalone

    words = [*HOSTILE, "</script><script>window.hurt = 1</script>", "end"]
    saved = tmp_path / "view.html"
    made = data(words, [0] * len(words), [[0.1] * len(words), [0.0] * len(words)])
    saved.write_text(standalone(made, "a <b> title"), encoding="utf-8")
    page = browser.new_page()
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: message.type == "error" and errors.append(message.text))
    page.on("request", lambda request: request.url.startswith("http") and errors.append(request.url))
    page.goto(saved.as_uri())
    assert page.title() == "a <b> title"
    assert page.locator(".text .unit").count() == len(words)
    expect(page.locator(".text-card h2")).to_have_text("What layer 0 weighs", ignore_case=True)
    page.keyboard.press("ArrowRight")
    expect(page.locator(".text-card h2")).to_have_text("What layer 1 weighs", ignore_case=True)
    assert page.evaluate("window.hurt") is None
    page.close()
    assert not errors


def test_right_to_left_text_runs_from_the_right(mount):
    words = ["שלום", "עולם", "זה", "סרט", "טוב"]
    page = mount(data(words, [0] * 5, [[0.1] * 5]))
    lefts = units(page, "u => u.getBoundingClientRect().left")
    assert lefts == sorted(lefts, reverse=True)


@pytest.mark.parametrize(("width", "columns"), [(1280, 3), (800, 1)])
def test_it_fits_the_window(mount, width, columns):
    page = mount(data(WORDS * 60, HUMAN * 60, [[0.1] * 480, [0.2] * 480]))
    page.set_viewport_size({"width": width, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    tracks = page.evaluate("getComputedStyle(root.querySelector('.words-view')).gridTemplateColumns").split()
    assert len(tracks) == columns


def test_the_longest_part_is_painted_while_the_key_is_down(mount):
    """A few changes of the page for each word, and no layout asked for: nothing grows faster."""
    from workbench.drawing import PART as count

    page = mount(data(["word"] * count, [0] * count, [[0.1] * count, [0.2] * count]))
    changes, asked = page.evaluate(COUNTED_STEP)
    assert changes <= 8 * count
    assert asked <= count


def test_closing_lets_go_of_the_page(mount):
    page = mount(data())
    page.evaluate("close_()")
    page.keyboard.press("ArrowRight")
    page.evaluate("new Promise(done => setTimeout(done, 400))")  # due after whatever it had left to say
    assert page.evaluate("told") == []
