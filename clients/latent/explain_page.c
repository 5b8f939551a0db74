/* explain_page.c - the frame and the looks of a page of ours: one file, light
 * or dark as its reader has it, nothing fetched. */
#include "explain.h"

static const char style[] =
    ":root{--ink:#1b1f24;--soft:#667079;--line:#e3e6ea;--paper:#ffffff;"
    "--ground:#f6f7f9;--inv:#0072b2;--var:#d55e00;--free:#009e73;"
    "--gate:#8a63c7}"
    "@media(prefers-color-scheme:dark){:root{--ink:#e8eaed;--soft:#9aa4ae;"
    "--line:#2b3138;--paper:#171a1f;--ground:#0f1115;--inv:#4aa8e0;"
    "--var:#f08a44;--free:#3fc79a;--gate:#b394e8}}"
    "*{box-sizing:border-box}"
    "body{margin:0;background:var(--ground);color:var(--ink);"
    "font:15px/1.45 system-ui,-apple-system,'Segoe UI',Roboto,sans-serif}"
    "main{max-width:1080px;margin:0 auto;padding:28px 20px 60px}"
    "header,section{background:var(--paper);border:1px solid var(--line);"
    "border-radius:14px;padding:20px;margin:0 0 14px}"
    "header{display:flex;gap:24px;align-items:center;flex-wrap:wrap}"
    "h1{font-size:22px;margin:0 0 2px;overflow-wrap:anywhere}"
    "p{margin:0;color:var(--soft)}"
    ".facts{display:flex;gap:8px 26px;flex-wrap:wrap;margin-top:14px}"
    ".facts b{display:block;color:var(--ink);font-size:19px;"
    "font-variant-numeric:tabular-nums}"
    ".facts span{color:var(--soft);font-size:13px}"
    "img{display:block;border-radius:8px;background:var(--line)}"
    "header img{width:168px;height:168px;object-fit:cover}"
    "svg{display:block;width:100%;height:auto}"
    ".row{display:grid;grid-template-columns:210px 1fr;gap:22px;"
    "align-items:center}"
    ".dim{font-size:19px;font-weight:600;font-variant-numeric:tabular-nums}"
    ".dim small{font-weight:400;color:var(--soft);font-size:13px}"
    ".meter{display:grid;grid-template-columns:46px 1fr 44px;gap:8px;"
    "align-items:center;font-size:12px;color:var(--soft);margin-top:7px;"
    "font-variant-numeric:tabular-nums}"
    ".meter i{display:block;height:7px;border-radius:4px;"
    "background:var(--line);overflow:hidden}"
    ".meter u{display:block;height:100%;border-radius:4px;"
    "background:var(--inv)}"
    ".meter.gate u{background:var(--gate)}"
    ".meter output{text-align:right;color:var(--ink)}"
    ".about{font-size:13px;color:var(--soft);margin-top:9px}"
    ".about b{color:var(--ink)}"
    ".strip{display:grid;grid-template-columns:repeat(auto-fill,"
    "minmax(84px,1fr));gap:10px}"
    "figure{margin:0}"
    ".strip img{width:100%;aspect-ratio:1;object-fit:cover}"
    "figcaption{font-size:11px;color:var(--soft);display:flex;"
    "justify-content:space-between;gap:6px;margin-top:3px}"
    "figcaption span:first-child{overflow:hidden;text-overflow:ellipsis;"
    "white-space:nowrap}"
    "figcaption span:last-child{font-variant-numeric:tabular-nums}"
    "h2{font-size:14px;margin:0 0 10px;font-weight:600}"
    ".key{font-size:12px;color:var(--soft);margin-top:8px}"
    "@media(max-width:680px){.row{grid-template-columns:1fr}}"
    "@media print{body{background:#fff}section{break-inside:avoid}}";

void cli_put_html(struct lat_buf *b, const char *s)
{
    for (; *s; s++)
        switch (*s) {
        case '&':
            lat_buf_puts(b, "&amp;");
            break;
        case '<':
            lat_buf_puts(b, "&lt;");
            break;
        case '>':
            lat_buf_puts(b, "&gt;");
            break;
        case '"':
            lat_buf_puts(b, "&quot;");
            break;
        default:
            lat_buf_put(b, s, 1);
        }
}

void cli_put_page(struct lat_buf *b, const char *title)
{
    lat_buf_puts(b, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta "
                    "charset=\"utf-8\">\n<meta name=\"viewport\" "
                    "content=\"width=device-width,initial-scale=1\">\n"
                    "<title>");
    cli_put_html(b, title);
    lat_buf_puts(b, "</title>\n<style>");
    lat_buf_puts(b, style);
    lat_buf_puts(b, "</style>\n</head>\n");
}
