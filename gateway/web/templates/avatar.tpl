{{%AUTOESCAPE context="HTML"}}{{#PICTURE}}<img class="avatar" src="/v1/media/{{MEDIA_ID}}?width=320" alt="" width="48" height="48">
{{/PICTURE}}
{{#INITIAL}}<span class="avatar" aria-hidden="true">{{TEXT}}</span>
{{/INITIAL}}
