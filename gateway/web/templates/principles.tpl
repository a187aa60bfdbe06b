{{%AUTOESCAPE context="HTML"}}<article class="article"><header class="article-header"><h1>{{W_PRINCIPLES_HEADING}}</h1>
<p class="lede">{{W_PRINCIPLES_LEDE}}</p></header>
<div class="prose">
{{#PROMISE}}<h2>{{NAME}}</h2>
<p>{{WHAT}}</p>
<p>{{CHECK}}</p>
{{#LEDGER}}<p><a href="/privacy/ledger">{{W_PRINCIPLES_LEDGER}}</a></p>
{{/LEDGER}}
{{/PROMISE}}
</div></article>
