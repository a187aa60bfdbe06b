{{%AUTOESCAPE context="HTML"}}<article class="article"><header class="article-header"><h1>{{W_LEDGER_HEADING}}</h1>
<p class="lede">{{W_LEDGER_LEDE}}</p></header>
<div class="prose">
<h2>{{W_LEDGER_CHECK}}</h2>
<p>{{W_LEDGER_CHECK_COOKIE}}</p>
<p>{{W_LEDGER_CHECK_SOURCE}}</p>
<p>{{W_LEDGER_CHECK_LIMIT}}</p>
<h2>{{W_LEDGER_LOGS}}</h2>
<p>{{W_LEDGER_LOGS_WHAT}}</p>
<p>{{W_LEDGER_TIMES}}</p>
<ul>
{{#PART}}<li><a href="#{{ID}}">{{NAME}}</a></li>
{{/PART}}
</ul>
{{#PART}}<section class="ledger" aria-labelledby="{{ID}}">
<h2 id="{{ID}}">{{NAME}}</h2>
{{#ENTRY}}<h3><code>{{NAME}}</code> <span class="quiet">{{KIND}}</span></h3>
<p>{{MEANING}}<br><span class="quiet">{{W_LEDGER_KEPT}} {{KEPT}}</span></p>
{{#TABLE}}<details><summary>{{W_LEDGER_COLUMNS}}</summary>
<dl>
{{#COLUMNS}}<dt><code>{{NAMES}}</code></dt>
<dd>{{MEANING}}</dd>
{{/COLUMNS}}</dl>
</details>
{{/TABLE}}
{{/ENTRY}}</section>
{{/PART}}
</div></article>
