{{%AUTOESCAPE context="HTML"}}<div class="narrow">
<h1>{{W_START_HEADING}}</h1>
{{>OFFER}}
</div>
