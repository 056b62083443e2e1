def test_doctor_measures_the_front_end(same_lab):
    page = same_lab(["import eowidgets as eow\nd = eow.doctor(); d"])
    page.run_all()
    assert page.errors() == []
    page.page.locator(".eow-doctor", has_text="WebGL2").wait_for(timeout=30_000)
    assert page.evaluate("d.front_end['largest_message']") == "8000000"
    assert float(page.evaluate("d.front_end['latency_ms']")) > 0
    page.screenshot("doctor")
